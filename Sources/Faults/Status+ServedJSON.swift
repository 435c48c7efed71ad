package import Kubernetes

extension Status {
    /// The members in the order in which servers send them; those of no known place follow.
    private static let order = ["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"]
    private static let detailsOrder = ["name", "group", "kind", "uid", "causes", "retryAfterSeconds"]
    private static let causeOrder = ["reason", "message", "field"]

    /// The compact JSON of the Status as an API server writes it, without the newline behind it.
    package var servedJSON: [UInt8] {
        var bytes: [UInt8] = []
        Self.write(json, order: Self.order, to: &bytes) { key, value, bytes in
            guard key == "details", let details = value.object else { return false }
            Self.write(details, order: Self.detailsOrder, to: &bytes) { key, value, bytes in
                guard key == "causes", let causes = value.array else { return false }
                bytes.append(UInt8(ascii: "["))
                for (index, cause) in causes.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    Self.write(cause.object ?? JSONObject(), order: Self.causeOrder, to: &bytes) { _, _, _ in false }
                }
                bytes.append(UInt8(ascii: "]"))
                return true
            }
            return true
        }
        return bytes
    }

    /// - Parameter special: Writes the value of a key in its own way, or returns false.
    private static func write(
        _ object: JSONObject, order: [String], to bytes: inout [UInt8],
        special: (String, JSONValue, inout [UInt8]) -> Bool
    ) {
        let keys = order.filter { object[$0] != nil } + object.keys.filter { !order.contains($0) }
        bytes.append(UInt8(ascii: "{"))
        for (index, key) in keys.enumerated() {
            guard let value = object[key] else { continue }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += JSONValue.string(key).bytes
            bytes.append(UInt8(ascii: ":"))
            if !special(key, value, &bytes) { bytes += value.bytes }
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
