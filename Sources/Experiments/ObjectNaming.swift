package import Kubernetes

/// What objects are called from one trial to the next: by their keys, and where a part of the name was drawn at random
/// without it, `pods/web-*`.
///
/// A key is the resource and the name, `websites.example.com/web`.
package struct ObjectNaming: Hashable, Sendable {
    /// Keys that are no patterns, however random their names look: they were the same in every calm trial.
    let known: Set<String>

    package init(known: Set<String> = []) { self.known = known }

    package func name(of key: String) -> String { known.contains(key) ? key : Self.pattern(of: key) }

    /// The key of an object of a resource.
    package static func key(_ resource: APIResource, _ name: String) -> String { "\(resource.qualifiedName)/\(name)" }

    /// The text with what looks drawn at random at its end replaced by a star.
    static func pattern(of text: String) -> String {
        let start = text.lastIndex(of: "/").map(text.index(after:)) ?? text.startIndex
        var parts = text[start...].split(separator: "-", omittingEmptySubsequences: false)
        let count = parts.count
        if isUUID(parts.suffix(5)) { parts.removeLast(5) }
        while let last = parts.last, isRandom(last) { parts.removeLast() }
        guard parts.count < count else { return text }
        return text[..<start] + (parts + ["*"]).joined(separator: "-")
    }

    private static func isUUID(_ parts: ArraySlice<Substring>) -> Bool {
        parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
    }

    /// What Kubernetes draws names from has neither vowels nor what could be taken for them; others mix digits and
    /// letters, or count seconds.
    private static func isRandom(_ part: Substring) -> Bool {
        let bytes = Array(part.utf8)
        guard bytes.count >= 4, bytes.allSatisfy({ isDigit($0) || isLetter($0) }) else { return false }
        if bytes.allSatisfy(isDigit) { return bytes.count >= 8 }
        if bytes.contains(where: isDigit) { return true }
        return bytes.count >= 5 && bytes.allSatisfy(kubernetesLetters.contains)
    }

    /// https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
    private static let kubernetesLetters = Set("bcdfghjklmnpqrstvwxz".utf8)

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte) }
}
