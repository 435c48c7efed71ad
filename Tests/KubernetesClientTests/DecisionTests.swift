import KubernetesClient
import Testing

struct ServerAddressTests {
    @Test(
        "an address is read and printed",
        arguments: [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"), ("https://a.example", "https://a.example:443"),
            ("HTTP://a.example/k8s/clusters/c-1/", "http://a.example:80/k8s/clusters/c-1"),
            ("https://[::1]:6443/", "https://[::1]:6443"), ("10.0.0.1:8443", "https://10.0.0.1:8443"),
        ])
    func reads(text: String, printed: String) {
        #expect(ServerAddress(text)?.description == printed)
    }

    @Test(
        "what is no http or https URL is refused",
        arguments: [
            "", "https://", "ftp://a", "https://a:0", "https://a:70000", "https://a:b", "https://a?x=1",
            "https://user@a", "https://[::1", "unix:///run/a",
        ])
    func refuses(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
