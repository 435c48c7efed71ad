extension PythonInterpreter {
    mutating func binary(
        _ sign: String, _ left: PythonExpression, _ right: PythonExpression
    ) throws(PythonFailure) -> PythonValue {
        let first = try value(of: left)
        switch sign {
        case "and": return first.isTrue ? try value(of: right) : first
        case "or": return first.isTrue ? first : try value(of: right)
        default: break
        }
        let second = try value(of: right)
        switch sign {
        case "==": return .bool(first.equals(second))
        case "!=": return .bool(!first.equals(second))
        case "<", "<=", ">", ">=": return .bool(try isOrdered(sign, first, second))
        case "in": return .bool(try contains(second, first))
        case "not in": return .bool(!(try contains(second, first)))
        default: break
        }
        switch (first, second) {
        case (.string(let text), _) where sign == "%" && !isJavaScript: return .string(try printf(text, second))
        case (.string(let text), .string(let more)) where sign == "+":
            try step(elements: text.utf8.count + more.utf8.count)
            return .string(text + more)
        case (.string, _) where sign == "+" && isJavaScript, (_, .string) where sign == "+" && isJavaScript:
            return .string(first.scriptText + second.scriptText)
        case (.list(let elements), .list(let more)) where sign == "+":
            try step(elements: elements.count + more.count)
            return .list(elements + more)
        case (.string(let text), .integer(let count)) where sign == "*",
            (.integer(let count), .string(let text)) where sign == "*":
            guard count < Self.sizeMax / max(text.count, 1) else { throw .unsupported("a long string") }
            return .string(String(repeating: text, count: max(count, 0)))
        default: return try calculated(sign, first, second)
        }
    }

    private func isOrdered(_ sign: String, _ first: PythonValue, _ second: PythonValue) throws(PythonFailure) -> Bool {
        let (isLess, isMore): (Bool, Bool)
        if let left = first.double, let right = second.double {
            (isLess, isMore) = (left < right, left > right)
        } else if case .string(let left) = first, case .string(let right) = second {
            // By code points, as Python has it, and not by the order of any language.
            let isSame = left == right
            isLess = !isSame && left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
            isMore = !isSame && !isLess
        } else {
            throw .raised("TypeError: '\(sign)' not supported between these instances")
        }
        switch sign {
        case "<": return isLess
        case ">": return isMore
        case "<=": return !isMore
        default: return !isLess
        }
    }

    private func contains(_ whole: PythonValue, _ part: PythonValue) throws(PythonFailure) -> Bool {
        if case .string(let text) = whole, case .string(let word) = part { return word.isEmpty || text.contains(word) }
        guard let elements = whole.elements else { throw .raised("TypeError: argument is not iterable") }
        return elements.contains { $0.equals(part) }
    }

    private func calculated(
        _ sign: String, _ first: PythonValue, _ second: PythonValue
    ) throws(PythonFailure) -> PythonValue {
        guard let left = first.double, let right = second.double else {
            throw .raised("TypeError: unsupported operand type(s) for \(sign)")
        }
        if ["/", "//", "%"].contains(sign), right == 0 {
            guard !isJavaScript else { throw .unsupported("a division by zero") }
            throw .raised("ZeroDivisionError: division by zero")
        }
        if let one = first.integer, let other = second.integer, sign != "/" {
            return try whole(sign, one, other)
        }
        switch sign {
        case "+": return .number(left + right)
        case "-": return .number(left - right)
        case "*": return .number(left * right)
        case "/": return .number(left / right)
        case "//": return .number((left / right).rounded(.down))
        case "%": return .number(left - (left / right).rounded(isJavaScript ? .towardZero : .down) * right)
        default: throw .unsupported("\"\(sign)\" of these")
        }
    }

    private func whole(_ sign: String, _ left: Int, _ right: Int) throws(PythonFailure) -> PythonValue {
        let (value, isTooLong): (Int, Bool)
        switch sign {
        case "+": (value, isTooLong) = left.addingReportingOverflow(right)
        case "-": (value, isTooLong) = left.subtractingReportingOverflow(right)
        case "*": (value, isTooLong) = left.multipliedReportingOverflow(by: right)
        case "//":
            let (quotient, overflow) = left.dividedReportingOverflow(by: right)
            // Rounded down, not towards zero.
            let isBelow = !overflow && quotient &* right != left && (left < 0) != (right < 0)
            (value, isTooLong) = (isBelow ? quotient - 1 : quotient, overflow)
        case "%":
            let (rest, overflow) = left.remainderReportingOverflow(dividingBy: right)
            let isOther = !isJavaScript && rest != 0 && (rest < 0) != (right < 0)
            (value, isTooLong) = (isOther ? rest + right : rest, overflow)
        case "**": (value, isTooLong) = try power(left, right)
        default: throw .unsupported("\"\(sign)\" of these")
        }
        guard !isTooLong else { throw .unsupported("a number of so many digits") }
        return .integer(value)
    }

    private func power(_ base: Int, _ exponent: Int) throws(PythonFailure) -> (Int, Bool) {
        guard (0...10_000).contains(exponent) else { throw .unsupported("such a power") }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { return (0, true) }
            result = product
        }
        return (result, false)
    }

    /// `format % values`
    private func printf(_ format: String, _ operand: PythonValue) throws(PythonFailure) -> String {
        var values: ArraySlice<PythonValue> = [operand]
        if case .list(let elements) = operand { values = elements[...] }
        var result = ""
        var rest = format[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            let flags = rest.prefix { $0.isNumber || $0 == "." || $0 == "-" }
            rest = rest.dropFirst(flags.count)
            guard let kind = rest.popFirst() else { throw .raised("ValueError: incomplete format") }
            if kind == "%" {
                result.append("%")
                continue
            }
            guard let value = values.popFirst() else {
                throw .raised("TypeError: not enough arguments for format string")
            }
            let shape = flags.hasPrefix("-") ? "<\(flags.dropFirst())" : kind == "s" ? ">\(flags)" : String(flags)
            guard let text = value.formatted(shape + (kind == "i" ? "d" : String(kind))) else {
                throw .unsupported("the format %\(flags)\(kind)")
            }
            result += text
        }
        return result
    }
}
