/// Variables that are made when the first of them is asked for: most texts name none of them.
package struct LazyVariables: Sendable {
    /// What the names of all of them begin with: `workflow`, before a dot.
    let root: String
    private let make: @Sendable () -> [String: String]
    private let made = Once<[String: String]>()

    /// - Parameter make: Gives the variables by dotted name; called once at most.
    package init(root: String, make: @escaping @Sendable () -> [String: String]) {
        self.root = root
        self.make = make
    }

    var values: [String: String] { made.value(make) }

    subscript(name: String) -> String? { name.utf8.starts(with: root.utf8) ? values[name] : nil }
}
