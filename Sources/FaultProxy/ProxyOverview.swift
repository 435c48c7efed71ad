package import Faults

/// A proxy at one moment, for who shows it.
package struct ProxyOverview: Sendable {
    /// On the proxy's clock.
    package var now: Duration
    package var tally: ProxyTally
    package var plan: Plan
    package var phase: Phase
    /// Whether no rule acts.
    package var isPaused: Bool
    /// How many requests each rule has matched while awake.
    package var matches: [String: Int]
    /// Connections of clients that are open.
    package var connections: Int

    package init(
        now: Duration, tally: ProxyTally, plan: Plan, phase: Phase, isPaused: Bool, matches: [String: Int],
        connections: Int
    ) {
        self.now = now
        self.tally = tally
        self.plan = plan
        self.phase = phase
        self.isPaused = isPaused
        self.matches = matches
        self.connections = connections
    }
}

extension ReverseProxy {
    /// How things stand; without a tally where none is kept.
    package var overview: ProxyOverview {
        let view = core.rulesView
        return ProxyOverview(
            now: core.now, tally: tally ?? ProxyTally(), plan: view.plan, phase: view.phase, isPaused: view.isPaused,
            matches: view.matches, connections: core.connectionCount)
    }
}
