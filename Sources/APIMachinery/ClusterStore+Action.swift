package import Kubernetes

extension ClusterStore {
    /// What the shell around a store has to do, in this order.
    package enum Action: Hashable, Sendable {
        /// The request is answered; its ticket is free.
        case respond(RequestTicket, ServerResponse)
        /// The watch is open: 200, and headers at once.
        case startWatch(RequestTicket)
        case watchEvent(RequestTicket, WatchEvent)
        /// The stream ends, cleanly; the ticket is free.
        case endWatch(RequestTicket)

        package var ticket: RequestTicket {
            switch self {
            case .respond(let ticket, _), .startWatch(let ticket), .watchEvent(let ticket, _), .endWatch(let ticket):
                ticket
            }
        }
    }
}
