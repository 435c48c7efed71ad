import Faults
import Foundation
import Kubernetes
import NIOConcurrencyHelpers

/// Answers what is asked of a proxy's control, but for the events, which it tells of piece by piece.
struct ControlDesk: Sendable {
    let core: ProxyCore
    let format: PlanFormat

    /// More rules are no plan.
    static let rulesMax = 1000

    func answer(_ request: ControlRequest) -> ControlAnswer {
        do {
            return try route(request)
        } catch let refusal as Refusal {
            return .refusal(refusal.code, refusal.message)
        } catch {
            // What the format throws says where and how to mend it.
            return .refusal(422, "\(error)")
        }
    }

    private struct Refusal: Error {
        var code: Int
        var message: String

        static func method(_ allowed: String...) -> Refusal {
            Refusal(code: 405, message: "served here: \(allowed.joined(separator: ", "))")
        }

        static func unknown(_ rule: String, of plan: Plan) -> Refusal {
            let names = plan.rules.map(\.name).joined(separator: ", ")
            return Refusal(
                code: 404, message: "there is no rule \"\(rule)\"; the rules are: \(names.isEmpty ? "none" : names)")
        }
    }

    private func route(_ request: ControlRequest) throws -> ControlAnswer {
        let isRead = request.method == "GET" || request.method == "HEAD"
        func read(_ answer: () throws -> ControlAnswer) throws -> ControlAnswer {
            guard isRead else { throw Refusal.method("GET") }
            return try answer()
        }
        switch request.path {
        case []: return try read { .page }
        case ["metrics"]: return try read { .text(type: MetricsText.contentType, MetricsText.of(core)) }
        case ["v1", "stats"]: return try read { .json(200, stats(kindsMax: ProxyTally.kindsMax)) }
        case ["v1", "requests"]: return try read { .json(200, requests(after: try since(request))) }
        case ["v1", "faults"]: return try read { .json(200, faults(after: try since(request))) }
        case ["v1", "events"]: return try read { .events }
        case ["v1", "rules"]:
            if isRead { return .json(200, rules) }
            guard request.method == "POST" else { throw Refusal.method("GET", "POST") }
            return try add(request)
        case ["v1", "plan"]:
            if isRead { return .json(200, format.writePlan(core.rulesView.plan)) }
            guard request.method == "PUT" else { throw Refusal.method("GET", "PUT") }
            let plan = try format.readPlan(try text(request))
            core.replace(with: plan)
            return .json(200, rules)
        case ["v1", "pause"], ["v1", "resume"]:
            guard request.method == "POST" else { throw Refusal.method("POST") }
            if request.path[1] == "pause" { core.pause() } else { core.resume() }
            return .json(200, rules)
        case ["v1", "phase"]:
            if isRead { return .json(200, ["phase": .string(core.rulesView.phase.rawValue)]) }
            guard request.method == "PUT" else { throw Refusal.method("GET", "PUT") }
            let phase = try phase(try text(request))
            core.enter(phase)
            return .json(200, ["phase": .string(phase.rawValue)])
        default:
            guard request.path.count == 3, request.path[..<2] == ["v1", "rules"] else {
                throw Refusal(code: 404, message: "nothing is served at /\(request.path.joined(separator: "/"))")
            }
            return try rule(request.path[2], request)
        }
    }

    // MARK: Rules

    private func rule(_ name: String, _ request: ControlRequest) throws -> ControlAnswer {
        switch request.method {
        case "GET", "HEAD":
            let view = core.rulesView
            guard let rule = view.plan.rules.first(where: { $0.name == name }) else {
                throw Refusal.unknown(name, of: view.plan)
            }
            return .json(200, json(rule, view, core.tally?.withLockedValue { $0.rules } ?? [:]))
        case "PUT":
            let draft = try format.readRule(try text(request))
            guard draft.rule.name == name else {
                throw Refusal(
                    code: 422,
                    message: "\(draft.place): name: the rule of the body is \"\(draft.rule.name)\" and that of the "
                        + "path \"\(name)\"; write one name")
            }
            try edit { plan in
                guard let index = plan.rules.firstIndex(where: { $0.name == name }) else {
                    throw Refusal.unknown(name, of: plan)
                }
                plan.rules[index] = draft.rule
                return (draft, index)
            }
            return .json(200, format.write(draft.rule))
        case "DELETE":
            try core.edit { plan in
                guard let index = plan.rules.firstIndex(where: { $0.name == name }) else {
                    throw Refusal.unknown(name, of: plan)
                }
                plan.rules.remove(at: index)
            }
            return .json(200, rules)
        default: throw Refusal.method("GET", "PUT", "DELETE")
        }
    }

    private func add(_ request: ControlRequest) throws -> ControlAnswer {
        let draft = try format.readRule(try text(request))
        try edit { plan in
            guard plan.rules.count < Self.rulesMax else {
                throw Refusal(code: 422, message: "there are \(Self.rulesMax) rules already; remove some")
            }
            var index = plan.rules.count
            if let before = request.query["before"]?.last {
                guard let place = plan.rules.firstIndex(where: { $0.name == before }) else {
                    throw Refusal.unknown(before, of: plan)
                }
                index = place
            }
            plan.rules.insert(draft.rule, at: index)
            return (draft, index)
        }
        return .json(201, format.write(draft.rule))
    }

    /// Changes the plan unless a problem comes of it.
    private func edit(_ change: (inout Plan) throws -> (PlanFormat.Draft, Int)) throws {
        try core.edit { plan in
            let old = Set(plan.problems().map(\.message))
            let (draft, index) = try change(&plan)
            guard let problem = plan.problems().first(where: { $0.rule == index || !old.contains($0.message) }) else {
                return
            }
            let place = problem.rule == index ? draft.place : "rule \"\(plan.rules[problem.rule].name)\""
            throw Refusal(code: 422, message: "\(place): \(problem.key): \(problem.message)")
        }
    }

    private func text(_ request: ControlRequest) throws -> String {
        guard let text = String(validating: request.body, as: UTF8.self) else {
            throw Refusal(code: 422, message: "the body is not UTF-8 text")
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            throw Refusal(code: 422, message: "the body is empty; write the rule or plan as YAML or JSON")
        }
        return text
    }

    private func phase(_ text: String) throws -> Phase {
        let word =
            (try? JSONValue(parsing: Array(text.utf8))).flatMap { $0.object?["phase"]?.string ?? $0.string } ?? text
        guard let phase = Phase(rawValue: word.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            let phases = Phase.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(code: 422, message: "\"\(word.prefix(40))\" is no phase; write one of \(phases)")
        }
        return phase
    }

    private func since(_ request: ControlRequest) throws -> Int {
        guard let text = request.query["since"]?.last else { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw Refusal(
                code: 400, message: "since is the sequence of a request, as in since=17 (is \"\(text.prefix(40))\")")
        }
        return number
    }
}
