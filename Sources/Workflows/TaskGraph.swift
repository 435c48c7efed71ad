import Kubernetes

/// The tasks of a dag, and what each waits for.
struct TaskGraph: Sendable {
    let tasks: [WorkflowSpecification.Call]
    /// What each task waits for; nil for one that begins at once.
    let conditions: [DependsExpression?]
    /// The places of the tasks that each waits for.
    let dependencies: [[Int]]
    /// The places of all tasks, each behind those that it waits for.
    let order: [Int]
    let places: [String: Int]

    init(_ template: WorkflowSpecification.Template) throws(DependsExpression.Failure) {
        tasks = template.tasks
        var places: [String: Int] = [:]
        var all: [String: DependsExpression.ContinueOn] = [:]
        for (place, task) in tasks.enumerated() {
            places[task.name] = place
            all[task.name] = DependsExpression.ContinueOn(
                error: task.continues(on: .error), failed: task.continues(on: .failed))
        }
        var conditions: [DependsExpression?] = []
        var dependencies: [[Int]] = []
        for task in tasks {
            let condition = try Self.condition(of: task, all)
            conditions.append(condition)
            dependencies.append((condition?.tasks ?? []).compactMap { places[$0] })
        }
        self.places = places
        self.conditions = conditions
        self.dependencies = dependencies
        order = Self.sort(dependencies)
        guard order.count == tasks.count else {
            let stuck = Set(order)
            let first = tasks.indices.first { !stuck.contains($0) } ?? 0
            throw .init(field: tasks[first].field, why: "waits for itself")
        }
    }

    /// Those that nothing waits for, sorted by name.
    var leaves: [String] {
        var isAwaited = Array(repeating: false, count: tasks.count)
        for place in dependencies.joined() { isAwaited[place] = true }
        return tasks.indices.filter { !isAwaited[$0] }.map { tasks[$0].name }.sorted()
    }

    /// The tasks that some tasks wait for, and these, each behind those that it waits for.
    func needed(for targets: [String]) -> [Int] {
        var isNeeded = Array(repeating: false, count: tasks.count)
        for target in targets { if let place = places[target] { isNeeded[place] = true } }
        for place in order.reversed() where isNeeded[place] {
            for dependency in dependencies[place] { isNeeded[dependency] = true }
        }
        return order.filter { isNeeded[$0] }
    }

    private static func condition(
        of task: WorkflowSpecification.Call, _ all: [String: DependsExpression.ContinueOn]
    ) throws(DependsExpression.Failure) -> DependsExpression? {
        let field = "\(task.field).depends"
        let dependencies = task.json["dependencies"]?.strings ?? []
        guard let text = task.json["depends"]?.string, !text.isEmpty else {
            guard !dependencies.isEmpty else { return nil }
            return try DependsExpression(dependencies: dependencies, tasks: all, field: "\(task.field).dependencies")
        }
        guard dependencies.isEmpty else {
            throw .init(field: field, why: "can't stand beside dependencies")
        }
        return try DependsExpression(text, tasks: all, field: field)
    }

    /// Kahn's algorithm, in the order of the list; what is in a circle is left out.
    private static func sort(_ dependencies: [[Int]]) -> [Int] {
        var waiting = dependencies.map(\.count)
        var dependents: [[Int]] = Array(repeating: [], count: dependencies.count)
        for (place, list) in dependencies.enumerated() {
            for dependency in list { dependents[dependency].append(place) }
        }
        var order = dependencies.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            for place in dependents[order[next]] {
                waiting[place] -= 1
                if waiting[place] == 0 { order.append(place) }
            }
            next += 1
        }
        return order
    }
}
