import FaultProxy
import Faults
import Foundation
import Kubernetes
import Testing

/// A proxy with its control, which is asked with curl.
struct ControlSetup {
    let setup: ProxySetup
    let control: ControlServer

    static func with(_ rules: Rule..., body: (ControlSetup) async throws -> Void) async throws {
        try await ProxySetup.with(rules: rules, configure: ProxySetup.keepTally) { setup in
            let control = try await ControlServer(of: setup.proxy, port: 0, format: .json)
            do {
                try await body(ControlSetup(setup: setup, control: control))
                await control.shutDown()
            } catch {
                await control.shutDown()
                throw error
            }
        }
    }

    struct Answer {
        var code: Int
        var text: String

        var json: JSONObject { get throws { try #require(try JSONValue(parsing: Array(text.utf8)).object) } }
        var message: String? { get throws { try json["message"]?.string } }
        /// Of a list of rules.
        var rules: [JSONObject] { get throws { try #require(try json["rules"]?.array).compactMap(\.object) } }
    }

    /// - Parameter arguments: Of curl, beside the token.
    func ask(_ method: String, _ path: String, body: String? = nil, _ arguments: String...) async throws -> Answer {
        try await send(
            ["-X", method, "-H", "Authorization: Bearer \(setup.proxy.token)"]
                + (body.map { ["--data-binary", $0] } ?? []) + arguments, path)
    }

    /// Asks without the token.
    func send(_ arguments: [String], _ path: String) async throws -> Answer {
        let result = try await Curl.run(arguments + ["-w", "\n%{http_code}", control.url + path])
        let split = try #require(result.output.lastIndex(of: "\n"))
        return Answer(
            code: Int(result.output[result.output.index(after: split)...]) ?? 0, text: String(result.output[..<split]))
    }

    func status(_ path: String) async throws -> String {
        try await setup.curl(path, "-o", "/dev/null", "-w", "%{http_code}").output
    }
}

extension PlanFormat {
    /// Rules as Foundation writes them: enough for rules without spans.
    static let json = PlanFormat(
        readRule: { text in
            Draft(rule: try JSONDecoder().decode(Rule.self, from: Data(text.utf8)), place: "body:1:1")
        },
        readPlan: { text in try JSONDecoder().decode(Plan.self, from: Data(text.utf8)) },
        write: { encoded($0) }, writePlan: { encoded($0) })

    private static func encoded(_ value: some Encodable) -> JSONValue {
        (try? JSONValue(parsing: Array(try JSONEncoder().encode(value)))) ?? .null
    }
}

extension ProxySetup {
    static func keepTally(_ configuration: inout ReverseProxy.Configuration) { configuration.keepsTally = true }
}
