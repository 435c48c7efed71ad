import APIMachinery
import Faults
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import Testing

@testable import FaultProxy

/// Views as clients see them that list and watch, of a real server over sockets.
@Suite(.timeLimit(.minutes(2)))
struct ViewTests {
    private func rule(_ fault: Fault) -> Rule {
        Rule(name: "view", match: RequestMatch(resource: "configmaps"), fault: fault)
    }

    private func unobserved(within: Duration? = nil) -> Rule {
        rule(
            .unobserved(
                .init(
                    from: .init(.modified, name: "web", field: "data.on", equals: "false"),
                    until: .init(.modified, name: "web", count: 2), within: within)))
    }

    private func stale(for span: Duration) -> Rule {
        rule(
            .staleView(
                .init(
                    freezeAt: .init(.deleted, name: "web"), restartAt: .init(.added, name: "web", count: 2),
                    span: span, settle: .zero)))
    }

    private static func object(_ name: String, on: String) -> JSONObject {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": ["on": .string(on)],
        ]
    }

    /// Changes behind the proxy's back.
    private func create(_ name: String, _ setup: ClusterSetup, resource: APIResource = .configMaps) async throws {
        var object = Self.object(name, on: "true")
        if resource == .secrets {
            object = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)]]
        }
        _ = try await setup.api.send(
            APIRequest(.create, resource, namespace: "default", body: .object(object)))
    }

    private func turn(_ name: String, on: String, _ setup: ClusterSetup) async throws {
        let patch: JSONObject = ["data": ["on": .string(on)]]
        _ = try await setup.api.send(
            APIRequest(
                .patch, .configMaps, namespace: "default", name: name, body: .object(patch), patchType: .merge))
    }

    private func delete(_ name: String, _ setup: ClusterSetup) async throws {
        _ = try await setup.api.send(APIRequest(.delete, .configMaps, namespace: "default", name: name))
    }

    private struct List {
        var version: String
        /// Name and state of each that is the test's own.
        var items: [String]
    }

    private func list(_ client: ClusterClient, version: String? = nil) async throws -> List {
        var options = RequestOptions()
        options.resourceVersion = version
        let object = try await client.send(APIRequest(.list, .configMaps, namespace: "default", options: options))
        let items = object["items"]?.array?.compactMap(\.object) ?? []
        return List(
            version: object["metadata", "resourceVersion"]?.string ?? "",
            items: items.filter { $0["data", "on"] != nil }.map {
                "\($0["metadata", "name"]?.string ?? "")=\($0["data", "on"]?.string ?? "")"
            })
    }

    private func watch(_ resource: APIResource = .configMaps, from version: String) -> APIRequest {
        var options = RequestOptions()
        options.resourceVersion = version
        return APIRequest(.watch, resource, namespace: "default", options: options)
    }

    private func next(_ events: WatchStream.AsyncIterator) async throws -> String {
        guard let event = try await events.next() else { return "end" }
        if event.type == "ERROR" { return "ERROR \(event.object["code"]?.integer ?? 0)" }
        return
            "\(event.type) \(event.object["metadata", "name"]?.string ?? "")=\(event.object["data", "on"]?.string ?? "")"
    }

    @Test("a state in between is never seen, and another resource on the same connection is")
    func unobservedState() async throws {
        try await ClusterSetup.with(unobserved()) { setup async throws in
            try await create("web", setup)
            try await setup.withClient { client in
                let before = try await list(client)
                #expect(before.items == ["web=true"])
                try await client.withWatch(watch(from: before.version)) { stream in
                    let events = stream.makeAsyncIterator()
                    try await create("first", setup)
                    let first = try await next(events)
                    #expect(first == "ADDED first=true")
                    try await turn("web", on: "false", setup)
                    try await client.withWatch(watch(.secrets, from: before.version)) { stream in
                        let others = stream.makeAsyncIterator()
                        try await create("s", setup, resource: .secrets)
                        let other = try await next(others)
                        #expect(other.hasPrefix("ADDED s"))
                    }
                    #expect(setup.injections.isEmpty)
                    // A list is as fresh as ever.
                    let between = try await list(client, version: "0")
                    #expect(between.items.contains("web=false"))
                    try await turn("web", on: "true", setup)
                    let last = try await next(events)
                    #expect(last == "ERROR 410")
                    let end = try await next(events)
                    #expect(end == "end")
                }
                let old = try await client.withWatch(watch(from: before.version)) { stream in
                    try await next(stream.makeAsyncIterator())
                }
                #expect(old == "ERROR 410")
                let after = try await list(client)
                #expect(after.items == ["first=true", "web=true"])
                try await client.withWatch(watch(from: after.version)) { stream in
                    try await turn("web", on: "again", setup)
                    let event = try await next(stream.makeAsyncIterator())
                    #expect(event == "MODIFIED web=again")
                }
            }
            #expect(setup.injections.map(\.kind) == [.unobserved])
            #expect(setup.injections.first?.identity.resource == "configmaps")
        }
    }

    @Test(
        "what was held comes in its order when the end does not come in time, or the rule goes",
        arguments: [false, true])
    func letGo(byRemoval: Bool) async throws {
        let rule = unobserved(within: byRemoval ? .seconds(100) : .milliseconds(300))
        try await ClusterSetup.with(rule) { setup async throws in
            try await create("web", setup)
            try await setup.withClient { client in
                let before = try await list(client)
                try await client.withWatch(watch(from: before.version)) { stream in
                    let events = stream.makeAsyncIterator()
                    try await turn("web", on: "false", setup)
                    try await create("b", setup)
                    try await create("a", setup)
                    if byRemoval {
                        try await eventually("it is held") { setup.proxy.views.holding == 1 }
                        setup.proxy.replace(with: Plan())
                    }
                    let held = [try await next(events), try await next(events), try await next(events)]
                    #expect(held == ["MODIFIED web=false", "ADDED b=true", "ADDED a=true"])
                    try await turn("web", on: "later", setup)
                    let later = try await next(events)
                    #expect(later == "MODIFIED web=later")
                }
            }
            #expect(setup.injections.isEmpty)
        }
    }

    /// Brings about what a stale view waits for.
    private func comeAndGo(_ setup: ClusterSetup) async throws {
        try await create("web", setup)
        try await delete("web", setup)
        try await create("web", setup)
    }

    @Test("who is restarted sees the old state, and what came since when its span is over")
    func staleView() async throws {
        let wanted = NIOLockedValueBox<[String]>([])
        let configure: @Sendable (inout ReverseProxy.Configuration) -> Void = { configuration in
            configuration.onRestartWanted = { rule in wanted.withLockedValue { $0.append(rule) } }
        }
        try await ClusterSetup.with(stale(for: .milliseconds(500)), configure: configure) { setup async throws in
            try await comeAndGo(setup)
            try await eventually("a restart is wanted") { wanted.withLockedValue { $0 } == ["view"] }
            try await setup.withClient { client in
                let live = try await list(client, version: "0")
                #expect(live.items == ["web=true"])
                #expect(setup.injections.isEmpty)
                setup.proxy.restarted()
                let start = ContinuousClock.now
                let old = try await list(client, version: "0")
                #expect(old.items == [])
                let quorum = try await list(client)
                #expect(quorum.items == ["web=true"])
                let newer = try await list(client, version: quorum.version)
                #expect(newer.items == ["web=true"])
                try await client.withWatch(watch(from: old.version)) { stream in
                    let events = stream.makeAsyncIterator()
                    let event = try await next(events)
                    #expect(event == "ADDED web=true")
                    #expect(ContinuousClock.now - start > .milliseconds(450))
                    try await turn("web", on: "false", setup)
                    let change = try await next(events)
                    #expect(change == "MODIFIED web=false")
                }
                let after = try await list(client, version: "0")
                #expect(after.items == ["web=false"])
            }
            #expect(setup.injections.map(\.kind) == [.staleView])
            #expect(wanted.withLockedValue { $0 } == ["view"])
        }
    }

    @Test("where nobody restarts the subject, its connections are cut")
    func cutInstead() async throws {
        try await ClusterSetup.with(stale(for: .seconds(60))) { setup async throws in
            try await setup.withClient { client in
                let before = try await list(client)
                try await client.withWatch(watch(from: before.version)) { stream in
                    try await comeAndGo(setup)
                    // Were it not cut, this would not end.
                    do { for try await _ in stream {} } catch is APIError {}
                }
            }
            try await setup.withClient { client in
                let old = try await list(client, version: "0")
                #expect(old.items == [])
            }
        }
    }

    @Test("rules of views come while it runs, and count what came since the proxy started")
    func addedLater() async throws {
        try await ClusterSetup.with { setup async throws in
            try await create("web", setup)
            try await setup.withClient { client in
                let before = try await list(client)
                let late = rule(
                    .unobserved(
                        .init(from: .init(.modified, name: "web"), until: .init(.deleted, name: "web"))))
                setup.proxy.replace(with: Plan(rules: [late]))
                try await client.withWatch(watch(from: before.version)) { stream in
                    let events = stream.makeAsyncIterator()
                    try await create("a", setup)
                    let first = try await next(events)
                    #expect(first == "ADDED a=true")
                    try await eventually("the proxy has looked") { setup.proxy.views.knowing == 1 }
                    try await turn("web", on: "false", setup)
                    try await delete("web", setup)
                    let last = try await next(events)
                    #expect(last == "ERROR 410")
                }
            }
        }
    }

    /// Lists and watches as informers do, and prints what it sees; with the standard library alone.
    private static let informer = """
        import http.client, json, ssl, sys
        host, root, token, deadline = sys.argv[1:5]
        def ask(path):
            connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=root), timeout=20)
            connection.request("GET", path, headers={"Authorization": "Bearer " + token})
            return connection.getresponse()
        def show(kind, object):
            print(kind, object["metadata"]["name"] + "=" + object.get("data", {}).get("on", ""), flush=True)
        path = "/api/v1/namespaces/default/configmaps"
        while True:
            listed = json.load(ask(path + "?resourceVersion=0"))
            for item in listed["items"]:
                if "on" in item.get("data", {}): show("LISTED", item)
            if any(item["metadata"]["name"] == "last" for item in listed["items"]): sys.exit(0)
            version = listed["metadata"]["resourceVersion"]
            for line in ask(path + "?watch=true&resourceVersion=" + version):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    print("ERROR", event["object"]["code"], flush=True)
                    break
                show(event["type"], event["object"])
                if event["object"]["metadata"]["name"] == "last": sys.exit(0)
        """

    @Test("Python's informer never sees a state in between, and relists")
    func python() async throws {
        try await ClusterSetup.with(unobserved()) { setup async throws in
            try await create("web", setup)
            try await withFile(setup.proxy.authorityPEM) { root in
                async let program = Program.python(
                    Self.informer, "127.0.0.1:\(setup.proxy.port)", root, setup.proxy.token, "20")
                try await eventually("it watches") { setup.proxy.views.streams == 1 }
                try await turn("web", on: "false", setup)
                try await turn("web", on: "true", setup)
                try await eventually("it was hit") { setup.injections.count == 1 }
                try await create("last", setup)
                let seen = try await program
                #expect(seen.status == 0, "\(seen)")
                let lines = seen.output.split(separator: "\n")
                #expect(lines.prefix(2) == ["LISTED web=true", "ERROR 410"])
                #expect(lines.contains("LISTED web=true") && !lines.contains { $0.contains("false") })
                #expect(lines.contains { $0.contains("last=true") })
            }
        }
    }
}
