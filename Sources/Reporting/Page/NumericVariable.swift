import Determinism

/// A variable of `vary` whose values are numbers: an axis.
struct NumericVariable: Hashable {
    enum Unit: Hashable { case seconds, plain }

    /// Variations that differ in this variable alone.
    struct Group: Hashable {
        /// What the others are: `writers=4`; empty where nothing else varies.
        var rest: String
        /// By value.
        var places: [Place]
    }

    struct Place: Hashable {
        var value: Double
        /// As written.
        var text: String
        /// The variation's name.
        var variation: String
    }

    var name: String
    var unit: Unit
    /// In the order of the file.
    var groups: [Group]

    /// Whether values lie so far apart that their ratios matter: durations soon, counts late.
    var spansDecades: Bool {
        let values = groups.flatMap { $0.places.map(\.value) }
        guard let least = values.min(), let most = values.max(), least > 0 else { return false }
        return most / least >= (unit == .seconds ? 20 : 1_000)
    }

    /// The variables with at least two numbers among variations, in the order of the file.
    ///
    /// - Parameter variations: Names such as `outage=50ms,writers=4`; where one is no such name, nothing is a variable.
    static func all(in variations: [String]) -> [NumericVariable] {
        let settings = variations.map(settings(of:))
        guard let first = settings.first, let names = first?.map(\.name) else { return [] }
        return names.indices.compactMap { variable(at: $0, variations, settings.compactMap(\.self)) }
    }

    private typealias Setting = (name: String, value: String)

    private static func settings(of variation: String) -> [Setting]? {
        guard !variation.isEmpty else { return nil }
        var settings: [Setting] = []
        for part in variation.split(separator: ",", omittingEmptySubsequences: false) {
            guard let sign = part.firstIndex(of: "="), sign > part.startIndex else { return nil }
            settings.append((String(part[..<sign]), String(part[part.index(after: sign)...])))
        }
        return settings
    }

    private static func variable(
        at index: Int, _ variations: [String], _ settings: [[Setting]]
    ) -> NumericVariable? {
        guard settings.count == variations.count,
            settings.allSatisfy({ $0.map(\.name) == settings[0].map(\.name) })
        else { return nil }
        let texts = settings.map { $0[index].value }
        let plain = texts.map { Double($0) }
        let durations = texts.map { Duration(text: $0)?.seconds }
        let isPlain = plain.allSatisfy { $0?.isFinite == true }
        let values = (isPlain ? plain : durations).compactMap(\.self)
        guard values.count == texts.count, Set(values).count >= 2 else { return nil }
        var groups: [Group] = []
        for (place, variation) in variations.enumerated() {
            var others = settings[place]
            others.remove(at: index)
            let rest = others.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
            let entry = Place(value: values[place], text: texts[place], variation: variation)
            if let known = groups.firstIndex(where: { $0.rest == rest }) {
                groups[known].places.append(entry)
            } else {
                groups.append(Group(rest: rest, places: [entry]))
            }
        }
        for index in groups.indices { groups[index].places.sort { $0.value < $1.value } }
        return NumericVariable(name: settings[0][index].name, unit: isPlain ? .plain : .seconds, groups: groups)
    }
}
