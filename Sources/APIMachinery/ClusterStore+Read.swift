import Determinism
import Kubernetes

extension ClusterStore {
    /// How long a read waits for a state that is still to come (`k8s.io/apiserver`, cacher `blockTimeout`).
    static let futureReadTimeout = Duration.seconds(3)

    mutating func get(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        if let version = try ListOptions.version(request), version > revision {
            wait(request, for: version, id: id)
            return nil
        }
        let object = try existing(request, type)
        if type.kind == .pod, request.verb == .connect || request.subresource == "log" {
            try checkContainer(request, Pod(json: object))
        }
        return ServerResponse(code: 200, body: type.present(object))
    }

    /// What a kube-apiserver asks of a pod before it dials the pod's node.
    private func checkContainer(_ request: ServerRequest, _ pod: Pod) throws(Refusal) {
        let name = pod.metadata.name
        let containers = pod.containers.map(\.name)
        if let container = request.parameter("container") {
            let others = ["initContainers", "ephemeralContainers"].flatMap { list in
                (pod.json["spec", list]?.array ?? []).compactMap { $0.object?["name"]?.string }
            }
            guard containers.contains(container) || others.contains(container) else {
                throw Refusal(.badRequest("container \(container) is not valid for pod \(name)"))
            }
        } else if containers.count > 1, request.subresource != "portforward",
            pod.metadata[annotation: "kubectl.kubernetes.io/default-container"] == nil
        {
            let choices = containers.joined(separator: " ")
            throw Refusal(
                .badRequest("a container name must be specified for pod \(name), choose one of: [\(choices)]"))
        }
        if request.subresource != "log", pod.nodeName?.isEmpty ?? true {
            throw Refusal(.badRequest("pod \(name) does not have a host assigned"))
        }
    }

    mutating func list(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try ListOptions(request, type)
        if let version = options.version, version > revision {
            wait(request, for: version, id: id)
            return nil
        }
        guard let table = tables[type.table] else { throw Refusal(.unknownResource) }
        var state = (keys: table.keys, objects: table.objects)
        var version = revision
        var start: String?
        if let token = options.continuation {
            let place = try ContinueToken(token)
            start = place.start
            if let placed = place.version {
                guard let snapshot = table.snapshot(at: placed) else { throw Refusal(expired(continuing: place)) }
                state = snapshot
                version = placed
            }
        } else if let exact = options.version, exact != 0, options.match == "Exact" || isExactPage(options) {
            guard let snapshot = table.snapshot(at: exact) else {
                throw Refusal(.expired("The resourceVersion for the provided list is too old."))
            }
            state = snapshot
            version = exact
        }
        return page(options, type, state: state, version: version, start: start)
    }

    /// A limit together with a version, and no word on how to match it, means exactly that version.
    private func isExactPage(_ options: ListOptions) -> Bool { options.match == nil && options.limit > 0 }

    private func page(
        _ options: ListOptions, _ type: ResourceType, state: (keys: [String], objects: [String: JSONObject]),
        version: UInt64, start: String?
    ) -> ServerResponse {
        var keys = ObjectTable.keys(namespace: options.selection.namespace, in: state.keys)
        if let start { keys = keys[max(keys.startIndex, ObjectTable.lowerBound(of: start, in: state.keys))...] }
        // A list from the cache ("any version will do") is given whole.
        let limit = options.version == 0 && options.match == nil ? 0 : max(0, options.limit)
        var items: [JSONValue] = []
        var last: String?
        var remaining = 0
        for (index, key) in zip(keys.indices, keys) {
            guard let object = state.objects[key], options.selection.matches(object, key: key) else { continue }
            if limit > 0, items.count == limit {
                remaining = keys.endIndex - index
                break
            }
            items.append(.object(type.present(object, inList: true)))
            last = key
        }
        var metadata: JSONObject = ["resourceVersion": .string(String(version))]
        if remaining > 0, let last {
            metadata["continue"] = .string(ContinueToken(version: version, start: "\(last)\0").text)
            if options.selection.isEverything { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        }
        // Lists of custom resources say that there is no more, too.
        if type.kind == .custom, metadata["continue"] == nil { metadata["continue"] = "" }
        return ServerResponse(
            code: 200,
            body: [
                "kind": .string("\(type.resource.kind)List"), "apiVersion": .string(type.resource.groupVersion),
                "metadata": .object(metadata), "items": .array(items),
            ])
    }

    private func expired(continuing place: ContinueToken) -> Status {
        var status = Status.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
                + "without the continue parameter, or use the continue token in this response to retrieve the remainder "
                + "of the results. Continuing with the provided token results in an inconsistent list - objects that were "
                + "created, modified, or deleted between the time the first chunk was returned and now may show up in "
                + "the list.")
        status.json["metadata", "continue"] = .string(ContinueToken(version: nil, start: place.start).text)
        return status
    }
}

extension ClusterStore {
    private mutating func wait(_ request: ServerRequest, for version: UInt64, id: RequestTicket) {
        waitingReads[id] = (request, version)
        timers.add(.futureRead(id), at: now + Self.futureReadTimeout)
    }

    mutating func giveUpFutureRead(_ id: RequestTicket) {
        guard let waiting = waitingReads.removeValue(forKey: id) else { return }
        outbox.append(.respond(id, ServerResponse(.futureVersion(waiting.version, current: revision))))
    }

    /// Answers the reads whose state has come.
    mutating func wakeReads() {
        guard !waitingReads.isEmpty else { return }
        for id in waitingReads.keys.sorted() {
            guard let waiting = waitingReads[id], waiting.version <= revision else { continue }
            waitingReads[id] = nil
            answer(waiting.request, id: id)
        }
    }
}

/// Where the next page of a list begins.
struct ContinueToken {
    /// Nil reads on in the newest state.
    var version: UInt64?
    /// The least key of the page.
    var start: String

    init(version: UInt64?, start: String) {
        self.version = version
        self.start = start
    }

    init(_ text: String) throws(Refusal) {
        func invalid(_ why: String) -> Refusal {
            Refusal(.badRequest("invalid continue token: continue key is not valid: \(why)"))
        }
        guard let bytes = Base64URL.decode(text) else { throw invalid("illegal base64 data at input byte 0") }
        let json: JSONValue
        do throws(JSONParseError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw invalid(error.message)
        }
        guard let object = json.object, object["v"]?.string == "meta.k8s.io/v1", let number = object["rv"]?.integer,
            number != 0, let key = object["start"]?.string, !key.isEmpty, !key.contains("..")
        else { throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)") }
        version = number < 0 ? nil : UInt64(number)
        start = key.hasPrefix("/") ? String(key.dropFirst()) : key
    }

    var text: String {
        let object: JSONObject = [
            "v": "meta.k8s.io/v1", "rv": .integer(version.map(Int64.init) ?? -1), "start": .string("/\(start)"),
        ]
        return Base64URL.encode(JSONValue.object(object).bytes)
    }
}

/// RFC 4648 §5, without padding.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            bits <<= 8
            for _ in 0...group.count {
                result.append(alphabet[Int(bits >> 26)])
                bits <<= 6
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in text.utf8 {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return count == 6 ? nil : result
    }
}
