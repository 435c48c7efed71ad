import Crypto
import Foundation

/// The keys by which both sides of an upgrade show that they mean a WebSocket (RFC 6455, 4).
package enum WebSocketHandshake {
    /// A client's nonce.
    package static func key(using generator: inout some RandomNumberGenerator) -> String {
        let bytes = (0..<2).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64) { Array($0) } }
        return Data(bytes).base64EncodedString()
    }

    /// What the server answers to a key.
    package static func accept(_ key: String) -> String {
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }
}
