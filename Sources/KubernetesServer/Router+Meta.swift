import APIMachinery
import Kubernetes
import NIOHTTP1

extension Router {
    /// The answer on a path that names no resource: discovery, the version, health, OpenAPI.
    func meta(
        _ head: HTTPRequestHead, path: String, query: [String: [String]], _ discovery: Discovery, isPretty: Bool,
        isReady: Bool
    ) -> HTTPAnswer {
        guard head.method == .GET || head.method == .HEAD else { return .pathNotFound }
        let parts = path.split(separator: "/").map(String.init)
        let document: JSONObject?
        switch parts.first ?? "" {
        case "api" where parts.count == 1, "apis" where parts.count == 1:
            return root(head, isCore: parts[0] == "api", discovery, isPretty: isPretty)
        case "api" where parts.count == 2: document = discovery.resourceList(group: "", version: parts[1])
        case "apis" where parts.count == 2: document = discovery.group(parts[1])
        case "apis" where parts.count == 3: document = discovery.resourceList(group: parts[1], version: parts[2])
        case "version" where parts.count == 1: document = Discovery.version
        case "openapi": return openAPI(head, parts, OpenAPI(resources: discovery.resources), isPretty: isPretty)
        case "healthz", "livez", "readyz":
            return health(parts, isVerbose: query["verbose"] != nil, isReady: isReady)
        case "": document = ["paths": JSONValue(Self.paths(discovery))]
        default: document = nil
        }
        return document.map { .json(200, $0, isPretty: isPretty) } ?? .pathNotFound
    }

    /// `/api` and `/apis`, which have two forms.
    private func root(
        _ head: HTTPRequestHead, isCore: Bool, _ discovery: Discovery, isPretty: Bool
    ) -> HTTPAnswer {
        let accept = head.headers[canonicalForm: "Accept"].joined(separator: ",")
        var answer: HTTPAnswer
        switch Self.discoveryForm(accept: accept) {
        case .aggregated:
            let document = discovery.aggregated(isCore: isCore)
            answer = .json(200, document, isPretty: isPretty, contentType: Discovery.aggregatedContentType)
            answer = Self.validated(answer, head)
        case .legacy:
            let document =
                isCore
                ? discovery.legacyVersions(serverAddress: head.headers.first(name: "Host") ?? "") : discovery.groupList
            answer = .json(200, document, isPretty: isPretty)
        case nil: answer = .failure(Presentation.notAcceptable(offersYAML: false), isPretty: isPretty)
        }
        answer.headers.append(.init(name: "Vary", value: "Accept"))
        return answer
    }

    private enum DiscoveryForm {
        case aggregated, legacy
    }

    private static func discoveryForm(accept: String) -> DiscoveryForm? {
        let ranges = MediaRange.parse(accept: accept)
        if ranges.isEmpty { return .legacy }
        for range in ranges where range.type == "application/json" || range.type == "*/*" {
            switch (range.parameters["as"], range.parameters["g"], range.parameters["v"]) {
            case (nil, _, _): return .legacy
            case ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"): return .aggregated
            default: continue
            }
        }
        return nil
    }

    private func openAPI(
        _ head: HTTPRequestHead, _ parts: [String], _ openAPI: OpenAPI, isPretty: Bool
    ) -> HTTPAnswer {
        // There is no v2: kubectl falls back to it only where v3 is missing.
        guard parts.count >= 2, parts[1] == "v3" else { return .pathNotFound }
        let document =
            parts.count == 2 ? openAPI.index : openAPI.document(parts.dropFirst(2).joined(separator: "/"))
        guard let document else { return .pathNotFound }
        return Self.validated(.json(200, document, isPretty: isPretty), head)
    }

    /// An answer with its ETag, or 304 for a client that has it already (RFC 9110 §13.1.2).
    private static func validated(_ answer: HTTPAnswer, _ head: HTTPRequestHead) -> HTTPAnswer {
        var answer = answer
        let tag = Discovery.etag(answer.body)
        answer.headers.append(.init(name: "ETag", value: tag))
        guard head.headers[canonicalForm: "If-None-Match"].contains(where: { $0 == tag }) else { return answer }
        answer.status = 304
        answer.contentType = nil
        answer.body = []
        return answer
    }

    private func health(_ parts: [String], isVerbose: Bool, isReady: Bool) -> HTTPAnswer {
        guard parts.count == 1 || parts == [parts[0], "ping"] else { return .pathNotFound }
        if parts == ["readyz"], !isReady {
            return .text(500, "[+]ping ok\n[-]informer-sync failed: reason withheld\nreadyz check failed\n")
        }
        return .text(200, isVerbose ? "[+]ping ok\n\(parts[0]) check passed\n" : "ok")
    }

    /// What `/` lists.
    private static func paths(_ discovery: Discovery) -> [String] {
        var paths: Set<String> = ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
        for resource in discovery.resources.map(\.resource) {
            paths.insert(resource.pathPrefix)
            if !resource.group.isEmpty { paths.insert("/apis/\(resource.group)") }
        }
        return paths.sorted()
    }
}
