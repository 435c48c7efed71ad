import Kubernetes
import NIOCore
import NIOHTTP1

/// Gathers the body of an answer for the objects in it; one that is too long, or no JSON, has none.
struct SeenObjects {
    private let bytesMax: Int
    private var bytes: [UInt8] = []
    private var isReadable = false

    /// - Returns: Nil for requests whose answers hold no objects as a whole.
    init?(in verb: Verb, bytesMax: Int) {
        guard [.get, .create, .update, .patch, .list].contains(verb) else { return nil }
        self.bytesMax = bytesMax
    }

    mutating func begin(_ head: HTTPResponseHead) {
        bytes = []
        let type = head.headers.first(name: "content-type") ?? ""
        isReadable = (200..<300).contains(head.status.code) && type.hasPrefix("application/json")
    }

    mutating func append(_ part: ByteBuffer) {
        guard isReadable else { return }
        isReadable = bytes.count + part.readableBytes <= bytesMax
        if isReadable { bytes += part.readableBytesView } else { bytes = [] }
    }

    /// Gives the object, or each of a list.
    func forEach(_ body: (JSONObject) -> Void) {
        guard isReadable, let object = (try? JSONValue(parsing: bytes))?.object else { return }
        guard let items = object["items"]?.array else { return body(object) }
        for item in items { if let item = item.object { body(item) } }
    }
}
