/// A part of a shell script, as it was read.
indirect enum ShellNode: Hashable, Sendable {
    case simple(ShellCommand)
    case pipeline([ShellNode], isNegated: Bool)
    case both(ShellNode, ShellNode)
    case either(ShellNode, ShellNode)
    case sequence([ShellNode])
    case choice([ShellBranch], otherwise: ShellNode?)
    case each(name: String, words: [ShellWord], body: ShellNode)
    case loop(isUntil: Bool, condition: ShellNode, body: ShellNode)
    case redirected(ShellNode, [ShellRedirect])
    case subshell(ShellNode)
}

struct ShellBranch: Hashable, Sendable {
    var condition: ShellNode
    var body: ShellNode
}

/// A program or a builtin with its arguments, or assignments alone.
struct ShellCommand: Hashable, Sendable {
    var assignments: [ShellAssignment] = []
    var words: [ShellWord] = []
    var redirects: [ShellRedirect] = []

    var isEmpty: Bool { assignments.isEmpty && words.isEmpty && redirects.isEmpty }
}

struct ShellAssignment: Hashable, Sendable {
    var name: String
    var value: ShellWord
}

struct ShellRedirect: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case write, append, read
        /// To where another stream goes: `2>&1`.
        case copy(Int)
    }

    /// 0 to 2.
    var stream: Int
    var kind: Kind
    var target = ShellWord()
}

/// A word before its expansions.
struct ShellWord: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal(String)
        case variable(String, Substitute?)
        case length(String)
        case command(ShellNode)
        case arithmetic(ShellWord)
    }

    /// What stands for a variable that has no value.
    struct Substitute: Hashable, Sendable {
        enum Condition: Hashable, Sendable { case unset, empty, set }

        var condition: Condition
        var assigns = false
        var word: ShellWord
    }

    struct Piece: Hashable, Sendable {
        var part: Part
        /// Whether the piece stands in quotes, and so is never split into several words.
        var isQuoted: Bool
    }

    var pieces: [Piece] = []
}
