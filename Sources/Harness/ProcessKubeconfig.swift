import Foundation

/// The file by which a process finds the server.
enum ProcessKubeconfig {
    /// Writes the text to a file that nobody else may read, and removes it when `body` is over.
    static func with<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("boreas-\(SecretToken.make())")
        let file = folder.appendingPathComponent("kubeconfig").path
        try files.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? files.removeItem(at: folder) }
        guard files.createFile(atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
            throw HarnessError(.unavailable, "the kubeconfig \(file) of the subject cannot be written")
        }
        return try await body(file)
    }
}
