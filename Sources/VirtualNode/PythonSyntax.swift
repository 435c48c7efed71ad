/// A part of a Python script that has a value, as it was read.
indirect enum PythonExpression: Hashable, Sendable {
    struct Pair: Hashable, Sendable {
        var key: PythonExpression
        var value: PythonExpression
    }

    /// A part of an f-string: a value and how it is to look.
    struct Field: Hashable, Sendable {
        var value: PythonExpression
        var format: String
    }

    case literal(PythonValue)
    case name(String)
    case member(PythonExpression, String)
    case call(PythonExpression, [PythonExpression], named: [String: PythonExpression])
    case element(PythonExpression, PythonExpression)
    case list([PythonExpression])
    case dictionary([Pair])
    /// `[element for name in source if condition]`
    case comprehension(PythonExpression, name: String, source: PythonExpression, condition: PythonExpression?)
    case choice(PythonExpression, then: PythonExpression, otherwise: PythonExpression)
    case unary(String, PythonExpression)
    case binary(String, PythonExpression, PythonExpression)
    case formatted([Field])
}

/// A statement of a Python script, as it was read.
indirect enum PythonStatement: Hashable, Sendable {
    struct Branch: Hashable, Sendable {
        var condition: PythonExpression
        var body: [PythonStatement]
    }

    case expression(PythonExpression)
    case assign(PythonExpression, PythonExpression)
    case choice([Branch], otherwise: [PythonStatement])
    case each(name: String, source: PythonExpression, body: [PythonStatement])
    case loop(PythonExpression, body: [PythonStatement])
    /// `with source as name:`
    case with(PythonExpression, name: String, body: [PythonStatement])
    /// `import path as name`; and `from path import name`, with the name at the path's end.
    case importing(path: String, name: String)
    case raise(PythonExpression)
    case pass, breakLoop, continueLoop
}
