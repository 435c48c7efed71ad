import Testing

@testable import Experiments

struct ObjectNamingTests {
    @Test(
        "what was drawn at random at the end of a name becomes a star",
        arguments: [
            ("pods/web-x7k2p", "pods/web-*"), ("pods/web-bcdfg", "pods/web-*"),
            ("pods/web-7d9f8c6b5-x7k2p", "pods/web-*"), ("jobs.batch/backup-29284512", "jobs.batch/backup-*"),
            ("pods/run-123e4567-e89b-12d3-a456-426614174000", "pods/run-*"), ("pods/4f2a9c1e", "pods/*"),
            ("websites.example.com/shop-0a1b2c3d", "websites.example.com/shop-*"),
        ])
    func random(key: String, pattern: String) {
        #expect(ObjectNaming().name(of: key) == pattern)
        #expect(ObjectNaming(known: [key]).name(of: key) == key)
    }

    @Test(
        "what somebody named stays",
        arguments: [
            "pods/web-0", "pods/web-12", "pods/web-worker", "configmaps/kube-root-ca.crt", "services/web",
            "pods/web-db", "websites.example.com/web-frontend", "secrets/web-tls",
        ])
    func given(key: String) {
        #expect(ObjectNaming().name(of: key) == key)
    }
}
