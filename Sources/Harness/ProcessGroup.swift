import Foundation

/// A process and all that it has started, as long as they stay in its process group.
struct ProcessGroup: Hashable, Sendable {
    let leader: pid_t

    /// A process in `/proc`.
    private struct Member {
        /// The letter of its state: `Z` is dead, and not yet waited for.
        var state: Character
        var group: pid_t
    }

    /// Sends a signal to all members; nothing where there are none.
    func send(_ signal: Int32) { kill(-leader, signal) }

    /// Whether the leader runs.
    var isLeaderAlive: Bool {
        guard let member = Self.member(leader) else { return false }
        return member.state != "Z" && member.state != "X"
    }

    /// Memory that the members have in use, in bytes: what `ps` calls RSS, summed.
    var residentBytes: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.reduce(0) { sum, pid in
            guard Self.member(pid)?.group == leader else { return sum }
            return sum + Self.residentBytes(of: pid)
        }
    }

    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    private static func residentBytes(of pid: pid_t) -> Int {
        // The second number of statm is that of resident pages (proc(5)).
        guard let text = read("/proc/\(pid)/statm"), let pages = text.split(separator: " ").dropFirst().first else {
            return 0
        }
        return (Int(pages) ?? 0) * pageBytes
    }

    private static func member(_ pid: pid_t) -> Member? {
        // The name, in parentheses, may hold anything; behind it come the state, the parent and the group (proc(5)).
        guard let text = read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 2, let state = fields[0].first, let group = pid_t(fields[2]) else { return nil }
        return Member(state: state, group: group)
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
