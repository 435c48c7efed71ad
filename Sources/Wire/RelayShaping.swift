/// What a ``ByteRelay`` does to what it carries.
package struct RelayShaping {
    /// How fast the server's bytes reach the client; nil is as fast as they come.
    package var bytesPerSecond: Int?
    /// What is left out of the server's bytes.
    package var filter: ExecStatusFilter?

    package init(bytesPerSecond: Int? = nil, filter: ExecStatusFilter? = nil) {
        self.bytesPerSecond = bytesPerSecond
        self.filter = filter
    }
}
