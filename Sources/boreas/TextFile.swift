import Foundation

/// Files that commands write for the user.
enum TextFile {
    /// Writes the whole file, or none of it.
    ///
    /// - Parameter option: Who named the file, such as `--out`.
    /// - Throws: ``CommandFailure`` that says why it can't be written.
    static func write(_ text: String, to path: String, option: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                code: .usage, message: "\(option): \(path) can't be written: \(reason(path) ?? words(for: error))")
        }
    }

    /// What can be seen from outside; nil where nothing is amiss.
    private static func reason(_ path: String) -> String? {
        let files = FileManager.default
        if path.isEmpty { return "it names no file" }
        if isFolder(path) ?? false { return "it is a folder" }
        let parent = NSString(string: path).deletingLastPathComponent
        let folder = parent.isEmpty ? "." : parent
        switch isFolder(folder) {
        case nil: return "there is no folder \(folder)"
        case false?: return "\(folder) is no folder"
        case true?: break
        }
        // A file is replaced by another one of its folder, so the folder's permission counts.
        return files.isWritableFile(atPath: folder) ? nil : "there is no permission to write in \(folder)"
    }

    /// Nil for what is not there.
    private static func isFolder(_ path: String) -> Bool? {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) ? isFolder.boolValue : nil
    }

    /// Foundation's own words say which file, and not what is wrong with it.
    private static func words(for error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        guard let underlying, underlying.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
        return String(cString: strerror(Int32(underlying.code))).lowercased()
    }
}
