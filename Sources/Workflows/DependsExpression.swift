/// What a task of a dag waits for: its `depends`, or its older `dependencies`.
package struct DependsExpression: Hashable, Sendable {
    /// What can be asked about a task that has ended.
    package enum Result: String, Hashable, Sendable, CaseIterable {
        case succeeded = "Succeeded"
        case failed = "Failed"
        case errored = "Errored"
        case skipped = "Skipped"
        case omitted = "Omitted"
        case daemoned = "Daemoned"
        /// Of the items of a loop, one at least.
        case anySucceeded = "AnySucceeded"
        /// Of the items of a loop, every one, of which there is one at least.
        case allFailed = "AllFailed"
    }

    /// A task's `continueOn`: which of its ends count as good for those that name it without a result.
    package struct ContinueOn: Hashable, Sendable {
        package var error: Bool
        package var failed: Bool

        package init(error: Bool = false, failed: Bool = false) {
            self.error = error
            self.failed = failed
        }
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    indirect enum Node: Hashable, Sendable {
        case result(String, Result)
        case not(Node)
        case all([Node])
        case any([Node])
    }

    /// The tasks that are waited for, each once, in the order in which they are first named.
    package private(set) var tasks: [String] = []
    /// Those of ``tasks`` whose items are asked about (`AnySucceeded`, `AllFailed`).
    package private(set) var tasksWithItems: [String] = []
    /// Nil where there is nothing to wait for.
    private let root: Node?
    private let field: String

    /// - Parameter tasks: All tasks of the dag.
    package init(_ text: String, tasks: [String: ContinueOn], field: String) throws(Failure) {
        self.field = field
        do throws(ExpressionFault) {
            root = try DependsParser.parse(text, tasks: tasks)
        } catch {
            throw Failure(field: field, why: error.message)
        }
        if let root { noteTasks(of: root) }
    }

    /// The older form, `dependencies: [A, B]`: all of them.
    package init(dependencies: [String], tasks: [String: ContinueOn], field: String) throws(Failure) {
        self.field = field
        var nodes: [Node] = []
        for (index, name) in dependencies.enumerated() {
            guard let continueOn = tasks[name] else {
                throw Failure(field: "\(field)[\(index)]", why: "there is no task \"\(name)\"")
            }
            nodes.append(DependsParser.goodEnds(of: name, continueOn))
        }
        let root = Node.all(nodes)
        self.root = root
        noteTasks(of: root)
    }

    /// - Parameter results: Which results are true of each of ``tasks``, all of which have ended.
    package func holds(_ results: [String: Set<Result>]) throws(Failure) -> Bool {
        guard let root else { return true }
        return try holds(root, results)
    }

    private func holds(_ node: Node, _ results: [String: Set<Result>]) throws(Failure) -> Bool {
        switch node {
        case .result(let name, let result):
            guard let results = results[name] else {
                throw Failure(field: field, why: "the results of task \"\(name)\" are not known")
            }
            return results.contains(result)
        case .not(let inner): return try !holds(inner, results)
        case .all(let nodes):
            for node in nodes where try !holds(node, results) { return false }
            return true
        case .any(let nodes):
            for node in nodes where try holds(node, results) { return true }
            return false
        }
    }

    private mutating func noteTasks(of root: Node) {
        var known: Set<String> = []
        var knownWithItems: Set<String> = []
        func note(_ node: Node) {
            switch node {
            case .result(let task, let result):
                if known.insert(task).inserted { tasks.append(task) }
                let isAboutItems = result == .anySucceeded || result == .allFailed
                if isAboutItems, knownWithItems.insert(task).inserted { tasksWithItems.append(task) }
            case .not(let inner): note(inner)
            case .all(let nodes), .any(let nodes): for node in nodes { note(node) }
            }
        }
        note(root)
    }
}
