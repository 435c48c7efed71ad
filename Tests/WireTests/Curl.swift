import Foundation

/// The curl program: a client that nobody here wrote, and whose exit codes tell failures apart (curl(1), EXIT CODES).
struct Curl {
    var status: Int32
    var output: String

    /// Runs curl to its end. `--silent` and a time limit are given already.
    static func run(_ arguments: String...) async throws -> Curl {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["curl", "--silent", "--max-time", "20"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        let output = AsyncStream<[UInt8]> { continuation in
            pipe.fileHandleForReading.readabilityHandler = { handle in
                let data = handle.availableData
                guard data.isEmpty else {
                    continuation.yield(Array(data))
                    return
                }
                handle.readabilityHandler = nil
                continuation.finish()
            }
        }
        let ended = AsyncStream<Int32> { continuation in
            process.terminationHandler = { process in
                continuation.yield(process.terminationStatus)
                continuation.finish()
            }
        }
        try process.run()
        var bytes: [UInt8] = []
        for await chunk in output { bytes += chunk }
        var status: Int32 = -1
        for await code in ended { status = code }
        return Curl(status: status, output: String(decoding: bytes, as: UTF8.self))
    }
}

/// A file that holds `text` while `body` runs.
func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(text.utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try await body(url.path)
}
