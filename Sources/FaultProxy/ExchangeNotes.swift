import Determinism
import Faults
import Glibc
import Kubernetes
import NIOCore
import NIOHTTP1

/// What is written down of one exchange as it passes, for the record. Nothing is held back for it.
struct ExchangeNotes {
    private enum Reading {
        case nothing
        /// Looks for resourceVersions in what passes.
        case versions
        /// Keeps the answer too, to look into it as a whole.
        case whole(max: Int)
    }

    /// How much of a failure is read for its reason.
    private static let failureBytesMax = 64 << 10
    /// How much of the answer to a write is read for its metadata: more than an object may have in etcd.
    private static let objectBytesMax = 2 << 20

    private let path: RequestPath?
    private var hash = StableHash()
    private var hasBody = false
    private var reading = Reading.nothing
    private var answer: [UInt8] = []
    private var isAnswerTooLong = false
    private var status = 0
    /// The newest resourceVersion that was known when the request was sent on.
    private var versionBefore: UInt64 = 0

    init(path: RequestPath?) { self.path = path }

    // MARK: The request

    mutating func sent(body: ByteBuffer) {
        guard body.readableBytes > 0 else { return }
        hasBody = true
        body.withUnsafeReadableBytes { hash.combine(bytes: $0) }
    }

    /// - Parameter newestVersion: Of all that has passed the proxy.
    mutating func forwarded(newestVersion: UInt64) { versionBefore = newestVersion }

    // MARK: The answer

    mutating func answered(_ head: HTTPResponseHead) {
        status = Int(head.status.code)
        let isPlain = !head.headers.contains(name: "content-encoding")
        switch status {
        case 400...: reading = isPlain ? .whole(max: Self.failureBytesMax) : .nothing
        case 200..<300:
            guard isPlain, let path else { return }
            reading = path.verb.isWrite ? .whole(max: Self.objectBytesMax) : .versions
        default: break
        }
    }

    /// - Returns: The newest resourceVersion in these bytes; nil where none stands in them, whole.
    mutating func answered(body: ByteBuffer) -> UInt64? {
        switch reading {
        case .nothing: return nil
        case .versions: return Self.newestVersion(in: body)
        case .whole(let max):
            guard answer.count + body.readableBytes <= max else {
                isAnswerTooLong = true
                reading = .nothing
                answer = []
                return nil
            }
            answer += body.readableBytesView
            return nil
        }
    }

    /// Looks for `"resourceVersion":"123"`. One that is cut in two by the end of a part is missed, which costs nothing but
    /// that a later write may be taken for a change.
    private static func newestVersion(in body: ByteBuffer) -> UInt64? {
        body.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var newest: UInt64?
            var offset = 0
            // No other letter of the key is as rare.
            while let found = memchr(start + offset, CInt(UInt8(ascii: "V")), bytes.count - offset) {
                let place = UnsafeRawPointer(found) - start
                offset = place + 1
                let first = place - Self.keyHead.count
                guard first >= 0, bytes[first..<place].elementsEqual(Self.keyHead),
                    bytes[offset...].starts(with: Self.keyTail)
                else { continue }
                let digits = bytes[(offset + Self.keyTail.count)...].prefix { (0x30...0x39).contains($0) }
                guard digits.endIndex < bytes.count, bytes[digits.endIndex] == UInt8(ascii: "\""),
                    let version = UInt64(String(decoding: digits, as: UTF8.self))
                else { continue }
                newest = max(newest ?? 0, version)
            }
            return newest
        }
    }

    private static let keyHead = Array(#""resource"#.utf8)
    private static let keyTail = Array(#"ersion":""#.utf8)

    // MARK: The end

    /// Fills in what was found out.
    ///
    /// - Parameters:
    ///   - given: The status that the client was given.
    ///   - forged: The answer that it was given in the place of the server's.
    /// - Returns: The resourceVersion of the answer to a write.
    func complete(
        _ request: inout ProxiedRequest, given: Int, forged: ForgedAnswer? = nil
    ) -> UInt64? {
        request.clientStatus = given
        if hasBody { request.bodyHash = hash.value }
        request.fieldManager = path?.parameter("fieldManager") ?? ""
        if let forged {
            if forged.code >= 400 { tellFailure(forged.body, in: &request) }
        } else if status >= 400 {
            if given != 0 { tellFailure(answer, in: &request) }
        }
        guard let path, path.verb.isWrite, (200..<300).contains(status) else { return nil }
        let found = isAnswerTooLong ? nil : ObjectMetadata(answer: answer)
        if path.verb == .create, path.subresource == nil, let name = found?.name, !name.isEmpty {
            request.objectName = name
        }
        if let version = found?.resourceVersion, !version.isEmpty { request.resourceVersion = version }
        request.isChange = isChange(path, found)
        return found.flatMap { UInt64($0.resourceVersion) }
    }

    private func tellFailure(_ body: [UInt8], in request: inout ProxiedRequest) {
        if let status = ObjectMetadata(answer: body), status.kind == "Status" {
            request.reason = status.reason
            request.message = status.message
        } else {
            request.message = String(decoding: body.prefix(1_000), as: UTF8.self).split(separator: "\n")
                .joined(separator: " ")
        }
    }

    /// A server answers a write that changes nothing with the object as it is, whose resourceVersion is then no newer than
    /// those that were there before.
    private func isChange(_ path: RequestPath, _ found: ObjectMetadata?) -> Bool? {
        if path.parameter("dryRun") != nil { return false }
        guard let found else { return nil }
        if found.kind == "Status" { return true }
        if path.verb == .deleteCollection { return !found.isEmptyList }
        // What is not stored, as a review of access, has no version.
        guard !found.resourceVersion.isEmpty else { return false }
        guard let version = UInt64(found.resourceVersion) else { return nil }
        return version > versionBefore || (path.verb == .delete && !found.isDeleting)
    }
}
