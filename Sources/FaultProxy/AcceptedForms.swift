import NIOHTTP1

/// What a client says in the header Accept.
enum AcceptedForms {
    private static let binary = ["application/vnd.kubernetes.protobuf", "application/cbor-seq", "application/cbor"]

    /// The header with JSON in the place of the encodings that need a schema to be read; nil where it names none.
    static func withoutBinary(_ accept: [some StringProtocol]) -> String? {
        var hasBinary = false
        var clauses: [String] = []
        for clause in accept {
            var text = String(clause)
            for type in binary where text.contains(type) {
                hasBinary = true
                text = text.replacing(type, with: "application/json").replacing(";stream=watch", with: "")
            }
            // A client names JSON beside protobuf, and needs it once.
            if !clauses.contains(text) { clauses.append(text) }
        }
        return hasBinary ? clauses.joined(separator: ", ") : nil
    }

    /// Has the server give an answer that can be read here: uncompressed and, where objects are to be read, in JSON.
    ///
    /// - Returns: Whether the client gets another form than the one that it likes best.
    static func askForReadable(_ headers: inout HTTPHeaders, readsObjects: Bool) -> Bool {
        headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        guard readsObjects, let accept = withoutBinary(headers[canonicalForm: "accept"]) else { return false }
        headers.replaceOrAdd(name: "accept", value: accept)
        return true
    }

    /// Whether a table is asked for first, as kubectl does; programs that act on objects do not.
    static func wantsTable(_ accept: [some StringProtocol]) -> Bool {
        accept.first?.contains("as=Table") ?? false
    }

    /// Whether metadata alone is asked for first.
    static func wantsMetadata(_ accept: [some StringProtocol]) -> Bool {
        accept.first?.contains("as=PartialObjectMetadata") ?? false
    }
}
