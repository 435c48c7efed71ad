/// Why an archive can't be used, and what to do about it.
package struct ArchiveError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// There is no such file, run or trial.
        case missing
        case unreadable
        case unwritable
        /// The file is something else.
        case notAnArchive
        /// A newer Boreas wrote the file.
        case newer
        /// Another process kept the file locked for too long.
        case busy
        /// The database refused or failed; the message has its words.
        case failed
    }

    package var code: Code
    package var path: String
    package var message: String

    package init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
