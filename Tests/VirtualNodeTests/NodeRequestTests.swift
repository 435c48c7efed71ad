import Kubernetes
import Testing

@testable import VirtualNode

@Suite struct NodeRequestTests {
    private static let pod = ObjectKey(namespace: "n", name: "p")

    private static func logs(_ query: String) -> NodeRequest? { NodeRequest(uri: "/containerLogs/n/p/main?\(query)") }

    @Test("logs are served with all that can be asked of them")
    func logs() {
        var options = LogOptions()
        options.isFollowing = true
        options.isOfPrevious = true
        options.hasTimestamps = true
        options.tailLines = 3
        options.bytesMax = 7
        options.since = .span(.seconds(5))
        let request = Self.logs(
            "follow=true&previous=1&timestamps=true&tailLines=3&limitBytes=7&sinceSeconds=5")
        #expect(request == .logs(pod: Self.pod, container: "main", options))
        var since = LogOptions()
        since.since = .moment(Timestamp(microsecondsSinceEpoch: 1_500_000))
        #expect(
            Self.logs("sinceTime=1970-01-01T00%3A00%3A01.5Z&follow=false")
                == .logs(pod: Self.pod, container: "main", since))
    }

    @Test(
        "what says nothing is refused by name",
        arguments: [
            "previous=maybe", "tailLines=-1", "tailLines=x", "limitBytes=0", "sinceSeconds=0", "sinceTime=yesterday",
        ])
    func refused(parameter: String) throws {
        let name = try #require(parameter.split(separator: "=").first)
        guard case .refused(let why) = Self.logs(parameter) else {
            Issue.record("\(parameter) was passed over")
            return
        }
        #expect(why.contains(name))
    }

    @Test("two beginnings are refused")
    func twice() {
        let request = Self.logs("sinceSeconds=5&sinceTime=2026-01-01T00%3A00%3A00Z")
        #expect(request == .refused(why: "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    }
}
