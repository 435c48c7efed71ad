import Kubernetes
import NIOCore
import NIOHTTP1

/// Finds the objects in the body of an answer: those of a watch as they come, others at the end; a body that is too long,
/// or no JSON, has none.
struct SeenObjects {
    private let bytesMax: Int
    /// Of a watch.
    private var frames: WatchFrames?
    private var bytes: [UInt8] = []
    private var isReadable = false

    /// - Returns: Nil for requests whose answers hold no objects as a whole.
    init?(in verb: Verb, bytesMax: Int) {
        guard [.get, .create, .update, .patch, .list, .watch].contains(verb) else { return nil }
        self.bytesMax = bytesMax
        if verb == .watch { frames = WatchFrames(.lines) }
    }

    mutating func begin(_ head: HTTPResponseHead) {
        bytes = []
        let type = head.headers.first(name: "content-type") ?? ""
        isReadable = (200..<300).contains(head.status.code) && type.hasPrefix("application/json")
    }

    /// - Parameter show: Given the objects that a watch adds or changes.
    mutating func append(_ part: ByteBuffer, _ show: (JSONObject) -> Void) {
        guard isReadable else { return }
        guard frames == nil else {
            frames?.append(part)
            while let frame = frames?.next() {
                guard frame.change == .added || frame.change == .modified, let object = frame.object else { continue }
                show(object)
            }
            if frames?.isOverlong == true { isReadable = false }
            return
        }
        isReadable = bytes.count + part.readableBytes <= bytesMax
        if isReadable { bytes += part.readableBytesView } else { bytes = [] }
    }

    /// Gives the object, or each of a list.
    func forEach(_ body: (JSONObject) -> Void) {
        guard isReadable, frames == nil, let object = (try? JSONValue(parsing: bytes))?.object else { return }
        guard let items = object["items"]?.array else { return body(object) }
        for item in items { if let item = item.object { body(item) } }
    }
}
