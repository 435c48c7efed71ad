/// The simulated world as far as clients by themselves need it: they have a clock and a server of their own.
package struct ClientsWorld: World {
    package init() {}

    package var kind: WorldKind { .simulated }

    package var serverVersion: String { "" }

    package func withSite<Result: Sendable>(
        _ request: SiteRequest, _ body: (TrialSite) async throws -> Result
    ) async throws -> Result {
        throw HarnessError(.unavailable, "the simulated world is for clients: a controller needs --world embedded")
    }
}
