import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A socket that is bound to a port and never listens: connects are refused, and yet the port is kept.
///
/// Without it a listener that closes for a while may find its port given to an outgoing connection when it comes back:
/// the system hands out no port that is bound. On Linux a second socket may listen on the port as long as this one does
/// not (socket(7), SO_REUSEADDR).
final class PortReservation: Sendable {
    /// The port, chosen by the system where 0 was asked for.
    let port: Int
    private let socket: CInt

    /// - Throws: ``WireError`` where the port is in use, or the host is no address of this machine.
    init(host: String, port: Int) throws {
        func failure(_ number: CInt) -> WireError {
            guard number == EADDRINUSE else {
                return WireError(
                    code: .notListening, message: "cannot bind \(host):\(port): \(String(cString: strerror(number)))")
            }
            return WireError(
                code: .portInUse,
                message: "port \(port) on \(host) is in use; end what listens there, name another port, or 0 for any")
        }
        guard let address = try? SocketAddress(ipAddress: host, port: port) else {
            throw WireError(
                code: .notListening, message: "\"\(host)\" is not an IP address; 127.0.0.1 is this machine alone")
        }
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        #endif
        let socket = socketDescriptor(address.protocol == .inet6 ? AF_INET6 : AF_INET, stream)
        guard socket >= 0 else { throw failure(errno) }
        var on: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard address.withSockAddr({ bind(socket, $0, socklen_t($1)) }) == 0 else {
            let number = errno
            _ = Self.close(socket)
            throw failure(number)
        }
        self.socket = socket
        self.port = Self.boundPort(of: socket) ?? port
    }

    deinit { _ = Self.close(socket) }

    private static func close(_ socket: CInt) -> CInt {
        #if canImport(Darwin)
            Darwin.close(socket)
        #elseif canImport(Musl)
            Musl.close(socket)
        #else
            Glibc.close(socket)
        #endif
    }

    private static func boundPort(of socket: CInt) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0 else { return nil }
        // sin_port and sin6_port stand at the same place.
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }
}

/// `socket(2)`; a function of its own because the initializer's parameter shadows the name.
private func socketDescriptor(_ family: CInt, _ type: CInt) -> CInt { socket(family, type, 0) }
