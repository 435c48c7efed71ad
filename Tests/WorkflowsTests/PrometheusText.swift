import Testing

/// Reads Prometheus's text format line by line, as strictly as its page says.
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
struct PrometheusText {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Mistake: Error, CustomStringConvertible {
        var line: Int
        var description: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(parsing text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Mistake(line: 0, description: "no end of line") }
        var family = ""
        var finished: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
            func refuse(_ why: String) -> Mistake { Mistake(line: index + 1, description: "\(why): \(line)") }
            if line.hasPrefix("# ") {
                let parts = line.dropFirst(2).split(separator: " ", maxSplits: 2).map(String.init)
                guard parts.count >= 2, Self.isName(parts[1]) else { throw refuse("no name") }
                if parts[1] != family {
                    guard finished.insert(parts[1]).inserted else { throw refuse("a family in two places") }
                    family = parts[1]
                }
                switch parts[0] {
                case "HELP":
                    guard helps.updateValue(parts.count > 2 ? parts[2] : "", forKey: family) == nil else {
                        throw refuse("a second HELP")
                    }
                case "TYPE":
                    guard parts.count == 3, ["counter", "gauge", "histogram"].contains(parts[2]) else {
                        throw refuse("no type")
                    }
                    guard types.updateValue(parts[2], forKey: family) == nil else { throw refuse("a second TYPE") }
                default: throw refuse("neither HELP nor TYPE")
                }
                continue
            }
            let sample = try Self.sample(line, refuse)
            let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
            guard suffixes.contains(where: { family + $0 == sample.name }) else { throw refuse("not of \(family)") }
            guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
                throw refuse("a series twice")
            }
            samples.append(sample)
        }
        try checkHistograms()
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || "_:".contains(first) else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_:".contains($0)) }
    }

    private static func sample(_ line: Substring, _ refuse: (String) -> Mistake) throws -> Sample {
        var rest = line
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard isName(name) else { throw refuse("no name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                guard isName(label), !label.contains(":") else { throw refuse("no label") }
                rest = rest.dropFirst(label.count)
                guard rest.hasPrefix("=\"") else { throw refuse("no value of \(label)") }
                rest = rest.dropFirst(2)
                var value = ""
                while let next = rest.popFirst(), next != "\"" {
                    guard next == "\\" else {
                        value.append(next)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: throw refuse("no escape")
                    }
                }
                guard labels.updateValue(value, forKey: label) == nil else { throw refuse("\(label) twice") }
                if rest.first == "," { rest = rest.dropFirst() } else if rest.first != "}" { throw refuse("no comma") }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { throw refuse("no space") }
        let text = rest.dropFirst()
        let special: [String: Double] = ["+Inf": .infinity, "-Inf": -.infinity, "NaN": .nan]
        guard let value = special[String(text)] ?? Double(text) else { throw refuse("no number") }
        return Sample(name: name, labels: labels, value: value)
    }

    /// Buckets ascend, the last is +Inf, and it is the count.
    private func checkHistograms() throws {
        func refuse(_ why: String) -> Mistake { Mistake(line: 0, description: why) }
        for (family, type) in types where type == "histogram" {
            let buckets = Dictionary(grouping: samples.filter { $0.name == "\(family)_bucket" }) { sample in
                sample.labels.filter { $0.key != "le" }
            }
            for (labels, buckets) in buckets {
                let bounds = buckets.compactMap { $0.labels["le"] }.compactMap { $0 == "+Inf" ? .infinity : Double($0) }
                guard bounds.count == buckets.count, zip(bounds, bounds.dropFirst()).allSatisfy(<),
                    bounds.last == .infinity
                else { throw refuse("bounds of \(family)") }
                guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }) else {
                    throw refuse("buckets of \(family)")
                }
                guard let count = value("\(family)_count", labels), count == buckets.last?.value,
                    value("\(family)_sum", labels) != nil
                else { throw refuse("count and sum of \(family)") }
            }
        }
    }
}
