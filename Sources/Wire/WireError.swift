/// Why a listener or a certificate could not be had.
package struct WireError: Error, Hashable, Sendable {
    /// What the caller may decide by.
    package enum Code: String, Hashable, Sendable {
        /// Another socket listens on the port.
        case portInUse
        /// The address cannot be listened on for another reason.
        case notListening
        /// A certificate or key cannot be read or made.
        case badIdentity
    }

    package var code: Code
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

extension WireError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(message)" }
}
