import Determinism
import Kubernetes

/// One open watch.
struct Watcher: Sendable {
    var ticket: RequestTicket
    var type: ResourceType
    var selection: Selection
    /// Changes up to this revision are not sent.
    var version: UInt64
    var allowsBookmarks: Bool
    var end: Timestamp

    /// What the watch tells of a change: an object that enters the selection is added, one that leaves it is deleted.
    func event(for change: ObjectTable.Change) -> WatchEvent? {
        let before = change.old.flatMap { selection.matches($0, key: change.key) ? $0 : nil }
        let after = change.new.flatMap { selection.matches($0, key: change.key) ? $0 : nil }
        switch (before, after) {
        case (nil, nil): return nil
        case (nil, let object?): return .added(type.present(object))
        case (_?, let object?): return .modified(type.present(object))
        case (var object?, nil):
            object["metadata", "resourceVersion"] = .string(String(change.revision))
            return .deleted(type.present(object))
        }
    }
}

extension ClusterStore {
    mutating func openWatch(_ request: ServerRequest, id: RequestTicket) {
        do throws(Refusal) {
            guard let type = type(request.group, request.version, request.resource) else {
                throw Refusal(.unknownResource)
            }
            guard type.served.verbs.contains("watch"), request.subresource == nil else {
                throw Refusal(.methodNotAllowed)
            }
            try checkCaches(request, type)
            try openWatch(try ListOptions(request, type), type, id: id)
        } catch {
            outbox.append(.respond(id, ServerResponse(error.status)))
        }
    }

    private mutating func openWatch(_ options: ListOptions, _ type: ResourceType, id: RequestTicket) throws(Refusal) {
        guard let table = tables[type.table] else { throw Refusal(.unknownResource) }
        outbox.append(.startWatch(id))
        let asksForState = options.version ?? 0 == 0
        let sendsState = options.sendsInitialEvents ?? asksForState
        var watcher = Watcher(
            ticket: id, type: type, selection: options.selection,
            version: asksForState ? revision : options.version ?? revision, allowsBookmarks: options.allowsBookmarks,
            end: end(options))
        if sendsState {
            for key in table.keys(namespace: options.selection.namespace) {
                guard let object = table[key], options.selection.matches(object, key: key) else { continue }
                outbox.append(.watchEvent(id, .added(type.present(object))))
            }
            watcher.version = max(watcher.version, revision)
            if options.allowsBookmarks {
                let object = type.bookmark(version: revision, endsInitialEvents: true)
                outbox.append(.watchEvent(id, .bookmark(object)))
            }
        } else if !asksForState {
            guard let changes = table.changes(after: watcher.version) else {
                let words = "too old resource version: \(watcher.version) (\(table.floor))"
                outbox.append(.watchEvent(id, .error(.expired(words))))
                outbox.append(.endWatch(id))
                return
            }
            for change in changes {
                if let event = watcher.event(for: change) { outbox.append(.watchEvent(id, event)) }
            }
        }
        watchers[type.table, default: []].append(watcher)
        timers.add(.watchEnd(id), at: watcher.end)
        scheduleBookmark(watcher)
    }

    /// When a watch ends if nobody closes it: as asked, or within an hour.
    private mutating func end(_ options: ListOptions) -> Timestamp {
        if let asked = options.timeoutSeconds, asked > 0 { return now + .seconds(asked) }
        return now + .seconds(1_800 + Int64(watchGenerator.next() % 1_800))
    }

    /// The next bookmark: a minute from now, or two seconds before the end.
    private mutating func scheduleBookmark(_ watcher: Watcher) {
        let jitter = Duration.microseconds(Int64(watchGenerator.uniform() * 2_000_000) - 1_000_000)
        let next = min(now + .seconds(60) + jitter, watcher.end + .seconds(-2))
        if watcher.allowsBookmarks, next > now { timers.add(.watchBookmark(watcher.ticket), at: next) }
    }

    mutating func notify(_ change: ObjectTable.Change, table: String) {
        for watcher in watchers[table] ?? [] where change.revision > watcher.version {
            if let event = watcher.event(for: change) { outbox.append(.watchEvent(watcher.ticket, event)) }
        }
    }

    mutating func bookmark(_ id: RequestTicket) {
        guard let watcher = watcher(id) else { return }
        let version = max(revision, watcher.version)
        let object = watcher.type.bookmark(version: version, endsInitialEvents: false)
        outbox.append(.watchEvent(id, .bookmark(object)))
        scheduleBookmark(watcher)
    }

    mutating func endWatch(_ id: RequestTicket) {
        guard let watcher = watcher(id) else { return }
        watchers[watcher.type.table]?.removeAll { $0.ticket == id }
        outbox.append(.endWatch(id))
    }

    private func watcher(_ id: RequestTicket) -> Watcher? {
        // The order of tables does not matter: a ticket has one watch.
        for (_, list) in watchers {
            if let found = list.first(where: { $0.ticket == id }) { return found }
        }
        return nil
    }
}
