import Determinism
import Kubernetes
import NIOCore

/// Reads a container's log, to the container's end where that is asked for: the bridge from an event loop to
/// asynchronous functions.
struct LogReader: Sendable {
    /// The parts of an answer, in their order: a refusal alone, or a beginning, pieces and an end.
    enum Part: Hashable, Sendable {
        case refused(status: Int, String)
        case began
        case piece(ByteBuffer)
        case ended
    }

    var kubelet: Kubelet
    var pod: ObjectKey
    var container: String
    var options: LogOptions

    /// Between two looks at whether somebody has ended the container.
    private static let lookPeriod = Duration.milliseconds(20)
    private static let pieceBytesMax = 16_384

    /// To cancel the task is to say that nobody reads any more.
    ///
    /// - Parameter send: Sends a part, and returns when there is room for the next.
    func start(_ send: @escaping @Sendable (Part) async throws -> Void) -> Task<Void, Never> {
        // It throws where nobody reads any more.
        Task { try? await read(send) }
    }

    private func read(_ send: (Part) async throws -> Void) async throws {
        let asked = kubelet.civilNow
        guard var log = kubelet.log(of: pod, container: container, run: options.isOfPrevious ? .previous : .latest)
        else {
            return try await send(.refused(status: 400, refusal))
        }
        var stream = LogStream(options)
        try await send(.began)
        while true {
            let bytes = stream.read(log, asked: asked)
            for start in stride(from: 0, to: bytes.count, by: Self.pieceBytesMax) {
                try await send(
                    .piece(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + Self.pieceBytesMax)])))
            }
            guard options.isFollowing, !log.isEnded, !stream.isFull else { break }
            try await kubelet.pause(min(log.untilMore ?? Self.lookPeriod, Self.lookPeriod))
            // Gone with its pod, or started twice meanwhile.
            guard let next = kubelet.log(of: pod, container: container, run: .number(log.run)) else { break }
            log = next
        }
        try await send(.ended)
    }

    private var refusal: String {
        options.isOfPrevious
            ? "previous terminated container \"\(container)\" in pod \"\(pod.name)\" not found"
            : "container \"\(container)\" in pod \"\(pod.name)\" is waiting to start: ContainerCreating"
    }
}
