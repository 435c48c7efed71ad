import Foundation
import GRDB

/// Where an archive lies, and what can be done there, looked into before SQLite touches anything.
struct ArchiveLocation {
    let path: String
    /// Whether its folder is made, where it is missing.
    var makesFolder = false

    private var folder: String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    var isNew: Bool { !FileManager.default.fileExists(atPath: path) }

    var isWritable: Bool {
        FileManager.default.isWritableFile(atPath: path) && FileManager.default.isWritableFile(atPath: folder)
    }

    var hasWAL: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)-wal")
        return (attributes?[.size] as? Int).map { $0 > 0 } ?? false
    }

    /// Reads the file as it stands, without the lock files that a read-only folder has no room for.
    var immutableURI: String {
        let allowed = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "?#%"))
        let absolute = URL(fileURLWithPath: path).path
        return "file:\(absolute.addingPercentEncoding(withAllowedCharacters: allowed) ?? absolute)?immutable=1"
    }

    func prepareForReading() throws {
        guard !isNew else {
            throw ArchiveError(
                .missing, path: path, "there is no archive here; boreas run makes one, --db names another")
        }
        guard try !checkHeader() else {
            throw ArchiveError(.notAnArchive, path: path, "the file is empty; boreas run fills one")
        }
    }

    /// Refuses what could not be written, and changes nothing.
    func checkWritable() throws {
        if isNew { return try checkFolder(folder) }
        try checkHeader()
        guard isWritable else {
            throw ArchiveError(
                .unwritable, path: path,
                "the file or its folder can't be written; change its permissions or name another file by --db")
        }
    }

    /// Looks at the folder, or where it may be made, at the nearest one above it that is there.
    private func checkFolder(_ folder: String) throws {
        let files = FileManager.default
        var isDirectory: ObjCBool = false
        guard files.fileExists(atPath: folder, isDirectory: &isDirectory) else {
            guard makesFolder else {
                throw ArchiveError(
                    .unwritable, path: path, "there is no folder \(folder); make it, or name another file by --db")
            }
            let parent = (folder as NSString).deletingLastPathComponent
            return try checkFolder(parent.isEmpty ? "." : parent)
        }
        guard isDirectory.boolValue else {
            throw ArchiveError(.unwritable, path: path, "\(folder) is no folder; name another file by --db")
        }
        guard files.isWritableFile(atPath: folder) else {
            throw ArchiveError(
                .unwritable, path: path, "the folder \(folder) can't be written; name another file by --db")
        }
    }

    func prepareForWriting() throws {
        try checkWritable()
        guard isNew, makesFolder else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ArchiveError(
                .unwritable, path: path,
                "its folder can't be made (\(Self.words(error))); name another file by --db")
        }
    }

    func removeFiles() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    /// Looks at the first bytes (https://www.sqlite.org/fileformat2.html#the_database_header), because opening a
    /// stranger's file would already change it.
    ///
    /// - Returns: Whether the file is empty.
    @discardableResult
    private func checkHeader() throws -> Bool {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw ArchiveError(.notAnArchive, path: path, "this is a folder; name a file in it by --db")
        }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw ArchiveError(.unreadable, path: path, "the file can't be read; change its permissions")
        }
        defer { try? file.close() }
        let header: [UInt8]
        do {
            header = Array(try file.read(upToCount: 100) ?? Data())
        } catch {
            throw ArchiveError(.unreadable, path: path, "the file can't be read (\(Self.words(error)))")
        }
        if header.isEmpty { return !hasWAL }
        guard header.count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw ArchiveError(.notAnArchive, path: path, "this is no SQLite database; name another file by --db")
        }
        let identity = header[68..<72].reduce(0) { $0 << 8 | UInt32($1) }
        // Of a file that was never checkpointed the WAL holds all but the first page; it is looked into once it is open.
        if identity != Schema.applicationID, !hasWAL, try holdsTables() {
            throw ArchiveError(
                .notAnArchive, path: path,
                "this SQLite database is no archive of Boreas; name another file by --db")
        }
        return false
    }

    /// Looks without locks or a journal, which would change the file or its folder.
    private func holdsTables() throws -> Bool {
        var configuration = Configuration()
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: immutableURI, configuration: configuration)
            let count = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
            try queue.close()
            return count != 0
        } catch {
            throw translate(error)
        }
    }

    /// The failure in words that name the file and a way out.
    func translate(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let words = error.message ?? error.resultCode.description
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return ArchiveError(
                .busy, path: path, "another process has kept the archive locked; wait for it, or use another --db")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            return ArchiveError(
                .unwritable, path: path, "SQLite can't open or write it (\(words)); name another file by --db")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return ArchiveError(.notAnArchive, path: path, "it is damaged or no SQLite database (\(words))")
        case .SQLITE_FULL: return ArchiveError(.unwritable, path: path, "the disk is full")
        default: return ArchiveError(.failed, path: path, "SQLite failed: \(error.description)")
        }
    }

    private static func words(_ error: any Error) -> String {
        ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError)?.localizedDescription
            ?? error.localizedDescription
    }
}
