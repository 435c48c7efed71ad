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
    private let host: String
    private let socket: CInt

    /// - Throws: ``WireError`` where the port is in use, or the host is no address of this machine.
    init(host: String, port: Int) throws {
        let socket = try Self.makeBoundSocket(host: host, port: port)
        self.host = host
        self.socket = socket
        self.port = Self.boundPort(of: socket) ?? port
    }

    deinit { closeDescriptor(socket) }

    /// Another socket that is bound to the port, and may listen on it; the caller owns it.
    func makeListener() throws -> CInt { try Self.makeBoundSocket(host: host, port: port) }

    private static func makeBoundSocket(host: String, port: Int) throws -> CInt {
        guard let address = try? SocketAddress(ipAddress: host, port: port) else {
            throw WireError(
                code: .notListening, message: "\"\(host)\" is not an IP address; 127.0.0.1 is this machine alone")
        }
        let socket = makeSocket(address.protocol == .inet6 ? AF_INET6 : AF_INET)
        guard socket >= 0 else { throw WireError.cannotListen(host: host, port: port, errno: errno) }
        var on: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard address.withSockAddr({ bind(socket, $0, socklen_t($1)) }) == 0 else {
            let number = errno
            closeDescriptor(socket)
            throw WireError.cannotListen(host: host, port: port, errno: number)
        }
        return socket
    }

    private static func makeSocket(_ family: CInt) -> CInt {
        #if canImport(Darwin)
            let socket = Darwin.socket(family, SOCK_STREAM, 0)
            if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
            return socket
        #elseif canImport(Musl)
            return Musl.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)
        #else
            return Glibc.socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
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

private func closeDescriptor(_ descriptor: CInt) { close(descriptor) }

extension WireError {
    static func cannotListen(host: String, port: Int, errno number: CInt) -> WireError {
        guard number == EADDRINUSE else {
            return WireError(
                code: .notListening, message: "cannot bind \(host):\(port): \(String(cString: strerror(number)))")
        }
        return WireError(
            code: .portInUse,
            message: "port \(port) on \(host) is in use; end what listens there, name another port, or 0 for any")
    }
}

extension Channel {
    /// Keeps the channel's socket from the processes that this one starts. NIO does not, and a child that holds a copy
    /// keeps a closed listener listening and a reset connection open.
    ///
    /// - Precondition: On the channel's event loop.
    package func closeOnExec() throws {
        try pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}
