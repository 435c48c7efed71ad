import APIMachinery
import Determinism
import Kubernetes
import Testing

@Suite struct DeterminismTests {
    /// Everything that a seeded storm of requests made happen, as text.
    private func history(seed: UInt64) throws -> [String] {
        var server = TestServer(.init(seed: seed, serviceTimes: .measured))
        var generator = SplitMix64(seed: 7)
        var lines: [String] = []
        let verbs = ["POST", "PATCH", "DELETE", "GET"]
        let watch = try server.watch("/api/v1/configmaps")
        for number in 0..<300 {
            let verb = verbs[Int(generator.next() % 4)]
            let name = "m\(generator.next() % 8)"
            let path = "/api/v1/namespaces/default/configmaps"
            let body: JSONValue = [
                "metadata": verb == "POST" && number % 3 == 0 ? ["generateName": "g-"] : ["name": .string(name)],
                "data": ["n": .string("\(number)")],
            ]
            let uri = verb == "POST" ? path : "\(path)/\(name)"
            _ = try server.submit("\(verb) \(uri)", verb == "GET" || verb == "DELETE" ? nil : body, patch: .merge)
            server.pass(.microseconds(Int64(generator.next() % 3_000)))
        }
        server.pass(.seconds(1))
        for (ticket, answer) in server.answers.sorted(by: { $0.key < $1.key }) {
            lines.append("\(ticket.number) \(answer.code) \(JSONValue.object(answer.body).text)")
        }
        lines += (server.events[watch] ?? []).map { JSONValue.object($0.json).text }
        return lines
    }

    @Test func `the same seed gives the same history, another seed another`() throws {
        let first = try history(seed: 1)
        #expect(first.count > 300)
        #expect(try history(seed: 1) == first)
        #expect(try history(seed: 2) != first)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ScaleTests {
    /// The time of many operations at two sizes: what grows with the square would take sixteen times as long.
    @Test func `reads, writes and watches of many objects do not grow with their square`() throws {
        func measure(_ count: Int) throws -> Duration {
            var server = TestServer(.init(installsArgo: false))
            let path = "/api/v1/namespaces/default/configmaps"
            let watch = try server.watch("\(path)?fieldSelector=metadata.name%3Dm1")
            return try ContinuousClock().measure {
                for number in 0..<count {
                    // Names in no order, so that most go into the middle.
                    let name = "m\((number &* 7_919) % count)-\(number)"
                    try server("POST \(path)", ["metadata": ["name": .string(name)], "data": ["k": "v"]])
                    try server("PATCH \(path)/\(name)", ["data": ["k": "w"]], patch: .merge)
                    _ = try server("GET \(path)/\(name)")
                }
                #expect(try server("GET \(path)").body["items"]?.array?.count == count)
                _ = server.takeEvents(watch)
            }
        }
        let small = try measure(500)
        let large = try measure(2_000)
        #expect(large < small * 10, "\(small) for 500, \(large) for 2000")
    }
}
