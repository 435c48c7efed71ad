import Faults
import NIOCore

/// A note that something is held back for a rule; see ``ProxyCore/whenRemoved(_:on:do:)``.
struct RuleHold: Hashable, Sendable {
    fileprivate var rule: String
    fileprivate var number: Int
}

/// What rules hold back just now, and how each of it is let go.
struct RuleHolds: Sendable {
    /// Something that is held back.
    struct Held: Sendable {
        fileprivate var eventLoop: any EventLoop
        fileprivate var letGo: @Sendable () -> Void

        init(on eventLoop: any EventLoop, letGo: @escaping @Sendable () -> Void) {
            self.eventLoop = eventLoop
            self.letGo = letGo
        }

        /// Lets go of it, soon and on its event loop.
        func end() { eventLoop.execute(letGo) }
    }

    private var byRule: [String: [Int: Held]] = [:]
    private var numberLast = 0

    mutating func add(_ held: Held, of rule: String) -> RuleHold {
        numberLast += 1
        byRule[rule, default: [:]][numberLast] = held
        return RuleHold(rule: rule, number: numberLast)
    }

    mutating func forget(_ hold: RuleHold) {
        byRule[hold.rule]?[hold.number] = nil
        if byRule[hold.rule]?.isEmpty == true { byRule[hold.rule] = nil }
    }

    /// Takes out what these rules hold, oldest first; nil is all rules.
    mutating func take(of rules: [String]?) -> [Held] {
        (rules ?? byRule.keys.sorted()).flatMap { rule in
            (byRule.removeValue(forKey: rule) ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
    }

    func count(of rule: String) -> Int { byRule[rule]?.count ?? 0 }
}
