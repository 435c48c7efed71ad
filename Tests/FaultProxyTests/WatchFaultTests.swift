import FaultProxy
import Faults
import Kubernetes
import KubernetesClient
import Testing

/// Each fault of watches as clients see it, over sockets.
@Suite(.timeLimit(.minutes(2)))
struct WatchFaultTests {
    private func rule(_ fault: Fault, when: Timing = Timing(), resource: String = "configmaps") -> Rule {
        Rule(name: "watch", match: RequestMatch(resource: resource), when: when, fault: fault)
    }

    private func event(_ type: String, _ name: String, _ version: Int, field: String = "") -> String {
        #"{"type":"\#(type)","object":{"kind":"ConfigMap","metadata":{"name":"\#(name)","resourceVersion":"\#(version)"},"#
            + #""data":{"x":"\#(field)"}}}"#
    }

    private static let path = "/api/v1/namespaces/t/configmaps?watch=true&resourceVersion=5"

    /// What curl gets of a watch into which `send` puts events.
    private func curl(
        _ setup: ProxySetup, _ arguments: String..., version: String = "1.1",
        _ send: (RecordingServer) async throws -> Void
    ) async throws -> Curl {
        async let result = setup.curl(Self.path, arguments: arguments, version: version)
        try await eventually("the watch is there") { setup.server.streamCount == 1 }
        try await send(setup.server)
        return try await result
    }

    @Test("curl sees a cut watch end as it should, behind so many events", arguments: ["1.1", "2"])
    func cut(version: String) async throws {
        try await ProxySetup.with(rule(.cutWatch(.init(afterEvents: 2)))) { setup in
            let result = try await curl(setup, version: version) { server in
                #expect(setup.injections.isEmpty)
                for number in 1...3 { server.push(event("ADDED", "a", number)) }
            }
            #expect(result.status == 0)
            #expect(result.output == event("ADDED", "a", 1) + "\n" + event("ADDED", "a", 2) + "\n")
            #expect(setup.injections.map(\.kind) == [.cutWatch])
            #expect(setup.injections.first?.identity.verb == .watch)
            try await eventually("the server knows") { setup.server.streamsEnded == 1 }
            // The connection, where it is one's own, takes another request.
            #expect(try await setup.curl("/api/v1/namespaces/t/configmaps", version: version).status == 0)
        }
    }

    @Test("a cut behind events that never come has not happened")
    func cutThatNeverCame() async throws {
        try await ProxySetup.with(rule(.cutWatch(.init(afterEvents: 3)))) { setup in
            let result = try await curl(setup) { server in
                server.push(event("ADDED", "a", 1))
                server.push(nil)
            }
            #expect(result.status == 0 && result.output == event("ADDED", "a", 1) + "\n")
            #expect(setup.injections.isEmpty)
        }
    }

    @Test("a watch is cut by time where its events do not come")
    func cutByTime() async throws {
        try await ProxySetup.with(rule(.cutWatch(.init(after: .milliseconds(50))))) { setup in
            let result = try await setup.curl(Self.path)
            #expect(result.status == 0 && result.output.isEmpty)
            #expect(setup.injections.count == 1)
        }
    }

    @Test("the project's client is told that its watch is too old")
    func expiry() async throws {
        try await ProxySetup.with(rule(.expireWatch(.init(afterEvents: 1)))) { setup in
            try await setup.withClient { client in
                var options = RequestOptions()
                options.resourceVersion = "5"
                let request = APIRequest(.watch, .configMaps, namespace: "t", options: options)
                let events = try await client.withWatch(request) { stream in
                    setup.server.push(event("ADDED", "a", 6))
                    var events: [WatchEvent] = []
                    for try await event in stream { events.append(event) }
                    return events
                }
                #expect(events.map(\.type) == ["ADDED", "ERROR"])
                #expect(events.last?.object["message"] == "too old resource version: 5 (7)")
                #expect(events.last?.object["code"] == 410)
            }
            #expect(setup.injections.map(\.kind) == [.expireWatch])
        }
    }

    @Test("a stalled watch is silent, then says all in its order")
    func stall() async throws {
        let stall = Fault.WatchStall(afterEvents: 1, span: .seconds(1))
        try await ProxySetup.with(rule(.stallWatch(stall))) { setup in
            try await setup.withClient { client in
                try await client.withWatch(APIRequest(.watch, .configMaps, namespace: "t")) { stream in
                    let events = stream.makeAsyncIterator()
                    // The stall begins when the first event has passed.
                    let start = ContinuousClock.now
                    setup.server.push(event("ADDED", "a", 1))
                    let first = try await events.next()
                    #expect(first?.object.name == "a")
                    #expect(setup.injections.isEmpty)
                    setup.server.push(event("BOOKMARK", "", 2))
                    setup.server.push(event("ADDED", "b", 3))
                    #expect(try await events.next()?.type == "BOOKMARK")
                    #expect(ContinuousClock.now - start > .seconds(1))
                    #expect(try await events.next()?.object.name == "b")
                    setup.server.push(event("ADDED", "c", 4))
                    #expect(try await events.next()?.object.name == "c")
                }
            }
            #expect(setup.injections.map(\.kind) == [.stallWatch])
        }
    }

    @Test("while one watch is stalled, another on the same HTTP/2 connection goes on")
    func neighbour() async throws {
        try await ProxySetup.with(rule(.stallWatch(.init()))) { setup in
            try await setup.withClient { client in
                try await client.withWatch(APIRequest(.watch, .configMaps, namespace: "t")) { _ in
                    try await client.withWatch(APIRequest(.watch, .secrets, namespace: "t")) { stream in
                        let events = stream.makeAsyncIterator()
                        for number in 1...3 {
                            setup.server.push(event("ADDED", "a", number))
                            let next = try await events.next()
                            #expect(next?.object.version == UInt64(number))
                        }
                    }
                }
            }
            #expect(setup.injections.map(\.identity.resource) == ["configmaps"])
        }
    }

    @Test("bookmarks are missing, and nothing else is")
    func bookmarks() async throws {
        try await ProxySetup.with(rule(.withholdBookmarks(.init()))) { setup in
            let result = try await curl(setup) { server in
                server.push(event("ADDED", "a", 1))
                server.push(event("BOOKMARK", "", 2))
                server.push(event("ADDED", "b", 3))
                server.push(nil)
            }
            #expect(result.output == event("ADDED", "a", 1) + "\n" + event("ADDED", "b", 3) + "\n")
        }
    }

    @Test("events come twice")
    func duplicates() async throws {
        try await ProxySetup.with(rule(.duplicateEvents(.init()))) { setup in
            let result = try await curl(setup) { server in
                server.push(event("ADDED", "a", 1))
                server.push(nil)
            }
            #expect(result.output == event("ADDED", "a", 1) + "\n" + event("ADDED", "a", 1) + "\n")
        }
    }

    @Test("events are joined, and the objects are the server's own")
    func compaction() async throws {
        try await ProxySetup.with(rule(.compactEvents(.init(within: .milliseconds(200))))) { setup in
            let result = try await curl(setup) { server in
                server.push(event("MODIFIED", "a", 1))
                server.push(event("MODIFIED", "a", 2))
                server.push(event("ADDED", "b", 3))
                server.push(event("MODIFIED", "b", 4))
                try await eventually("it has been told") { setup.injections.count == 1 }
                server.push(event("MODIFIED", "a", 5))
                server.push(nil)
            }
            let lines = result.output.split(separator: "\n").map { String($0.prefix(17)) }
            #expect(
                lines
                    == [#"{"type":"MODIFIED"#, #"{"type":"ADDED","o"#, #"{"type":"MODIFIED"#].map {
                        String($0.prefix(17))
                    })
            #expect(result.output.hasPrefix(event("MODIFIED", "a", 2) + "\n"))
        }
    }

    /// Prints a watch line by line, and how it ended; with the standard library alone.
    private static let python = """
        import http.client, json, ssl, sys
        port, root, token, path = sys.argv[1:5]
        connection = http.client.HTTPSConnection("127.0.0.1", int(port), timeout=20,
            context=ssl.create_default_context(cafile=root))
        connection.request("GET", path, headers={"Authorization": "Bearer " + token})
        for line in connection.getresponse():
            event = json.loads(line)
            version = event["object"].get("metadata", {}).get("resourceVersion", event["object"].get("code"))
            print(event["type"], version)
            if version == "10":
                break
        print("end")
        """

    @Test(
        "Python's client sees each fault of watches",
        arguments: [
            (.cutWatch(.init(afterEvents: 1)), "ADDED 6"), (.expireWatch(.init(afterEvents: 1)), "ADDED 6, ERROR 410"),
            (.stallWatch(.init(afterEvents: 1)), "ADDED 6, BOOKMARK 7, MODIFIED 8, MODIFIED 9, MODIFIED 10"),
            (.withholdBookmarks(.init()), "ADDED 6, MODIFIED 8, MODIFIED 9"),
            (.duplicateEvents(.init()), "ADDED 6, ADDED 6, BOOKMARK 7, MODIFIED 8, MODIFIED 8, MODIFIED 9, MODIFIED 9"),
            (.compactEvents(.init(within: .seconds(60))), "BOOKMARK 7, ADDED 9"),
        ] as [(Fault, String)])
    func python(fault: Fault, seen: String) async throws {
        try await ProxySetup.with(rule(fault)) { setup in
            async let program = Program.python(
                Self.python, "\(setup.proxy.port)", setup.root, setup.proxy.token, Self.path)
            try await eventually("the watch is there") { setup.server.streamCount == 1 }
            setup.server.push(event("ADDED", "a", 6))
            setup.server.push(event("BOOKMARK", "", 7))
            setup.server.push(event("MODIFIED", "a", 8))
            setup.server.push(event("MODIFIED", "a", 9))
            if case .stallWatch = fault {
                try await eventually("it is stalled") { setup.injections.count == 1 }
                setup.proxy.replace(with: Plan())
                // Not the end: what is still held when the stream ends is lost with it.
                setup.server.push(event("MODIFIED", "a", 10))
            } else {
                setup.server.push(nil)
            }
            let result = try await program
            #expect(result.status == 0, "\(result)")
            #expect(result.output.split(separator: "\n").joined(separator: ", ") == seen + ", end")
            #expect(setup.injections.map(\.kind) == [fault.kind])
        }
    }

    @Test("what must be read is asked for in JSON and uncompressed; a watch without a rule is left as it is")
    func accept() async throws {
        let accept = "application/vnd.kubernetes.protobuf, application/json"
        try await ProxySetup.with(rule(.expireWatch(.init()), when: Timing(first: 1))) { setup in
            for _ in 0..<2 {
                _ = try await setup.curl(
                    Self.path, "--max-time", "1", "-H", "Accept: \(accept)", "-H", "Accept-Encoding: gzip")
            }
            #expect(setup.server.seen.map { $0.headers["accept"] } == ["application/json", accept])
            #expect(setup.server.seen.map { $0.headers["accept-encoding"] } == ["identity", "gzip"])
        }
    }

    @Test("lists and gets take no turn of a rule about watches")
    func turns() async throws {
        try await ProxySetup.with(
            rule(.cutWatch(.init())), Rule(name: "late", fault: .status(.init(code: 503)))
        ) { setup in
            let list = try await setup.curl("/api/v1/namespaces/t/configmaps")
            #expect(list.output.contains("ServiceUnavailable"))
            #expect(try await setup.curl(Self.path).output.isEmpty)
            #expect(setup.injections.map(\.rule) == ["late", "watch"])
        }
    }

    @Test("an object that a watch shows wakes a rule")
    func trigger() async throws {
        let since = Timing.Trigger(object: .init(resource: "configmaps", name: "a", field: "data.x", equals: "ready"))
        let late = Rule(
            name: "late", match: RequestMatch(verb: [.get]), when: Timing(since: since),
            fault: .status(.init(code: 503)))
        try await ProxySetup.with(late) { setup in
            let result = try await curl(setup) { server in
                server.push(event("ADDED", "a", 1))
                server.push(event("MODIFIED", "b", 2, field: "ready"))
                try await eventually("it is there") { setup.server.streamCount == 1 }
                #expect(try await setup.curl("/api/v1/namespaces/t/secrets/s").output.contains("GET"))
                server.push(event("MODIFIED", "a", 3, field: "ready"))
                server.push(nil)
            }
            #expect(result.output.split(separator: "\n").count == 3)
            #expect(try await setup.curl("/api/v1/namespaces/t/secrets/s").output.contains("ServiceUnavailable"))
        }
    }
}

extension JSONObject {
    fileprivate var name: String { self["metadata", "name"]?.string ?? "" }
    fileprivate var version: UInt64 { self["metadata", "resourceVersion"]?.string.flatMap { UInt64($0) } ?? 0 }
}
