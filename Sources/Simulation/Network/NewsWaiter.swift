/// Lets one task wait for what the loop's call-backs bring. Confined to the loop's thread, and unchecked for that reason.
final class NewsWaiter: @unchecked Sendable {
    private var waiter: UnsafeContinuation<Void, Never>?

    /// Returns when there is news; at once where nothing more will come.
    ///
    /// - Parameters:
    ///   - isOver: Whether nothing more will come; asked after a cancelled task was told of.
    ///   - onCancel: Called when the task is cancelled; it is to bring news.
    func wait(unless isOver: () -> Bool, onCancel: @Sendable () -> Void) async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if isOver() { continuation.resume() } else { self.waiter = continuation }
            }
        } onCancel: {
            onCancel()
        }
    }

    func wake() {
        let waiter = self.waiter
        self.waiter = nil
        waiter?.resume()
    }
}
