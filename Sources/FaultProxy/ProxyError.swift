/// Why a proxy cannot be set up.
package struct ProxyError: Error, Hashable, Sendable {
    /// What the caller may decide by.
    package enum Code: String, Hashable, Sendable {
        /// The server's address is no URL of a server.
        case badAddress
        /// A certificate or key for talking to the server cannot be read.
        case badIdentity
    }

    package var code: Code
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

extension ProxyError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(message)" }
}
