/// Why a kubeconfig gives no connection, and what to do about it.
package struct KubeconfigError: Error, Hashable, CustomStringConvertible {
    /// The file, with line and column where the fault has a place: `/home/a/.kube/config:3:5`.
    package var place: String
    package var message: String
    /// What the user can do.
    package var mend: String

    package init(place: String, message: String, mend: String) {
        self.place = place
        self.message = message
        self.mend = mend
    }

    package var description: String {
        [place, message].filter { !$0.isEmpty }.joined(separator: ": ") + (mend.isEmpty ? "" : "; \(mend)")
    }
}
