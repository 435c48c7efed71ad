import Kubernetes
import Testing

@testable import VirtualNode

@Suite struct NodeRequestTests {
    private static let pod = ObjectKey(namespace: "n", name: "p")

    @Test("logs are served with what the node knows of them")
    func logs() {
        let request = NodeRequest(uri: "/containerLogs/n/p/main?follow=true&tailLines=3&timestamps=false")
        #expect(
            request == .logs(pod: Self.pod, container: "main", isFollowing: true, tailLines: 3, bytesMax: nil))
    }

    @Test(
        "what the node does not know of logs is refused by name",
        arguments: [
            "previous=true", "timestamps=true", "sinceSeconds=5", "sinceTime=2026-01-01T00%3A00%3A00Z",
        ])
    func refused(parameter: String) throws {
        let name = try #require(parameter.split(separator: "=").first)
        guard case .refused(let why) = NodeRequest(uri: "/containerLogs/n/p/main?\(parameter)") else {
            Issue.record("\(parameter) was passed over")
            return
        }
        #expect(why.contains(name))
    }
}
