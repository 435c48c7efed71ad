import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A port on the loopback that a socket of this process occupies, listening or not.
struct LocalPort: ~Copyable {
    let number: Int
    private let descriptor: Int32

    /// - Parameter listens: Whether connects are taken; without, they are refused.
    init(listens: Bool) throws {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        descriptor = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        try #require(descriptor >= 0 && isBound && (!listens || listen(descriptor, 1) == 0))
    }

    deinit { close(descriptor) }
}
