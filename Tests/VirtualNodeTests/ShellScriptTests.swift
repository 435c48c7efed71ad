import Kubernetes
import Testing
import VirtualNode

@Suite struct ShellScriptTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var command: [String]
        var duration: Duration?
        var exitCode: Int
        var output: String = ""

        var testDescription: String { command.joined(separator: " ") }
    }

    @Test(
        "recognised commands end when their words say",
        arguments: [
            Case(command: ["sleep", "2"], duration: .seconds(2), exitCode: 0),
            Case(command: ["sleep", "0.2"], duration: .milliseconds(200), exitCode: 0),
            Case(command: ["/bin/sleep", "1m", "30s"], duration: .seconds(90), exitCode: 0),
            Case(command: ["sleep", "infinity"], duration: nil, exitCode: 0),
            Case(
                command: ["sleep", "soon"], duration: .zero, exitCode: 1,
                output: "sleep: invalid time interval 'soon'\n"),
            Case(command: ["true"], duration: .zero, exitCode: 0),
            Case(command: ["/bin/false"], duration: .zero, exitCode: 1),
            Case(command: ["echo", "a", "b  c"], duration: .zero, exitCode: 0, output: "a b  c\n"),
            Case(command: ["echo", "-n", "$HOME"], duration: .zero, exitCode: 0, output: "$HOME"),
            Case(
                command: ["sh", "-c", "sleep 2; echo hi; exit 3"], duration: .seconds(2), exitCode: 3, output: "hi\n"),
            Case(
                command: ["/bin/bash", "-c", "echo 'a; b' && echo \"c\\\"d\""], duration: .zero, exitCode: 0,
                output: "a; b\nc\"d\n"),
            Case(
                command: ["sh", "-c", "false && echo never\necho always"], duration: .zero, exitCode: 0,
                output: "always\n"),
            Case(command: ["sh", "-c", "false && echo never && echo nor"], duration: .zero, exitCode: 1),
            Case(command: ["sh", "-c", "false; true;"], duration: .zero, exitCode: 0),
            Case(command: ["sh", "-ec", "false; sleep 5"], duration: .zero, exitCode: 1),
            Case(command: ["sh", "-c", "false; exit"], duration: .zero, exitCode: 1),
            Case(command: ["sh", "-c", "exit 256"], duration: .zero, exitCode: 0),
            Case(command: ["sh", "-c", "sleep infinity; exit 3"], duration: nil, exitCode: 0),
            Case(command: ["sh", "-c", "\n  sleep 1 &&\n  true\n"], duration: .seconds(1), exitCode: 0),
        ])
    func recognised(_ test: Case) throws {
        let plan = try #require(ShellScript(command: test.command)).plan
        #expect(plan.duration == test.duration)
        #expect(plan.exitCode == test.exitCode)
        #expect(plan.output.map(\.text).joined() == test.output)
    }

    @Test(
        "a program that no shell has is not guessed at, and neither is a shell without a script",
        arguments: [[], ["curl", "https://example.org"], ["exit", "3"], ["sh"], ["sh", "-x", "script.sh"]])
    func unrecognised(_ command: [String]) {
        #expect(ShellScript(command: command) == nil)
    }

    @Test(
        "scripts print what a shell would print",
        arguments: [
            ("X=1; Y=\"$X 2\"; echo \"$Y\" $X", "1 2 1\n"), ("echo '$X' \"a'b\"", "$X a'b\n"),
            ("false || echo or", "or\n"), ("true || echo or", ""), ("! false && echo not", "not\n"),
            ("if [ a = b ]; then echo yes; elif test 2 -gt 1; then echo elif; else echo no; fi", "elif\n"),
            ("for i in 1 2 3; do echo -n $i; done", "123"), ("for i in $(seq 2 4); do echo $i; done", "2\n3\n4\n"),
            ("i=0\nwhile [ $i -lt 3 ]; do\n  i=$((i + 1))\ndone\necho $i", "3\n"),
            ("echo text > /tmp/f; cat /tmp/f; echo more >> /tmp/f; cat /tmp/f | wc -l", "text\n2\n"),
            ("printf '%s-%d\\n' a 7", "a-7\n"), ("echo $((2 * (3 + 4) % 5)) `echo tick`", "4 tick\n"),
            ("expr 2 + 3", "5\n"), ("echo ${X:-none} ${X:=set} $X ${X:+there} ${#X}", "none set set there 3\n"),
            ("sh -c 'echo inner; exit 4'; echo $?", "inner\n4\n"), ("(X=2; echo $X); echo \"[$X]\"", "2\n[]\n"),
            ("{ echo a; echo b; } > /dev/null; echo c # not this", "c\n"), ("echo a 1>&2 2> /dev/null", "a\n"),
            ("for i in 1 2 3; do if [ $i = 2 ]; then break; fi; echo $i; done", "1\n"),
            ("set -e; false; echo never", ""), ("frobnicate --now && echo fine", "fine\n"), ("sleep 1 & echo x", ""),
            ("f() { echo x; }; f", ""), ("date +%s", "0\n"), ("sleep 61; date '+%H:%M:%S'", "00:01:01\n"),
            ("echo \"$@\" $1", "\n"), ("echo a | cat | tee /tmp/x; cat /tmp/x", "a\na\n"), ("", ""),
            ("echo one \\\n  two", "one two\n"), ("[ -f /none ] || echo missing", "missing\n"),
        ])
    func scripts(script: String, output: String) throws {
        let plan = try #require(ShellScript(command: ["sh", "-c", script])).plan
        #expect(plan.output.map(\.text).joined() == output)
    }

    @Test(
        "a script ends with the code that a shell would give it",
        arguments: [
            ("exit 3", 3), ("false; true", 0), ("true | false", 1), ("echo 'open", 2), ("sleep 1 &&", 2),
            ("if true", 2),
            ("! true", 1), ("[ 1 = 2 ]", 1), ("X=$(exit 5)", 5), ("cat /none", 1), ("set -e; if false; then :; fi", 0),
            ("while true; do :; done", 0), ("return 7", 7), ("(exit 6)", 6), ("false || exit 9; exit 1", 9),
        ])
    func codes(script: String, code: Int) throws {
        #expect(try #require(ShellScript(command: ["/bin/bash", "-c", script])).plan.exitCode == code)
    }

    @Test("a script that never ends runs until it is stopped")
    func endless() throws {
        #expect(try #require(ShellScript(command: ["sh", "-c", "while true; do sleep 1; done"])).plan.duration == nil)
    }

    @Test("files and the environment are there")
    func files() throws {
        let script = "echo \"$GREETING\" > /tmp/out; echo oops >&2; printf x > /tmp/other"
        let plan = try #require(ShellScript(command: ["sh", "-c", script], environment: ["GREETING": "hi"])).plan
        #expect(plan.files == ["/tmp/out": "hi\n", "/tmp/other": "x"])
        #expect(plan.output.map(\.stream) == [.standardError])
    }

    @Test("output stands at the moment it is printed")
    func offsets() throws {
        let plan = try #require(ShellScript(command: ["sh", "-c", "echo a; sleep 1; echo b; sleep 2; echo c"])).plan
        #expect(plan.output.map(\.offset) == [.zero, .seconds(1), .seconds(3)])
    }
}

@Suite struct ContainerPlanTests {
    private func plan(
        _ command: [String], _ annotations: [String: String] = [:], always: Bool = false
    ) throws -> ContainerPlan {
        let container = try #require(Pod.container("main", command).object)
        return ContainerPlan(Container(json: container), annotations: annotations, isServer: always)
    }

    @Test("annotations override what the command says, and need none")
    func annotations() throws {
        let both = ["boreas.dev/duration": "200ms", "boreas.dev/exit-code": "7"]
        for command in [[], ["sleep", "9"], ["make", "all"]] {
            let plan = try plan(command, both)
            #expect(plan.duration == .milliseconds(200))
            #expect(plan.exitCode == 7)
            #expect(plan.refusal == nil)
        }
        #expect(try plan(["sleep", "9"], ["boreas.dev/exit-code": "7"]).duration == .seconds(9))
        #expect(try plan(["false"], ["boreas.dev/duration": "1s"]).exitCode == 1)
    }

    @Test("what a command would print after the annotated end is not printed")
    func cutOutput() throws {
        let plan = try plan(["sh", "-c", "echo a; sleep 5; echo b"], ["boreas.dev/duration": "1s"])
        #expect(plan.output.map(\.text) == ["a\n"])
    }

    @Test("a program of an image's own counts as done, and the log says that it was not run")
    func unknown() throws {
        let plan = try plan(["make", "all"])
        #expect(plan.exitCode == 0)
        #expect(plan.duration == .zero)
        let line = try #require(plan.output.first)
        // No workflow is to take it for the program's result.
        #expect(line.stream == .standardError)
        #expect(line.text.contains("\"make all\"") && line.text.contains("boreas.dev/duration"))
        #expect(plan.refusal == nil)
        #expect(try self.plan(["nginx"], always: true).duration == nil)
    }

    @Test("what Argo's image for examples says and does is known")
    func argosay() throws {
        let container: JSONObject = [
            "name": "main", "image": "argoproj/argosay:v2", "args": ["echo", "hello", "/tmp/out"],
        ]
        let plan = ContainerPlan(Container(json: container), annotations: [:], isServer: false)
        #expect(plan.files == ["/tmp/out": "hello\n"])
        #expect(try self.plan(["argosay", "exit", "3"]).exitCode == 3)
    }

    @Test("every image says what system it is")
    func systemFiles() throws {
        #expect(try plan(["cat", "/etc/os-release"]).exitCode == 0)
        #expect(try plan(["cat", "/etc/nothing"]).exitCode == 1)
    }

    @Test(
        "a malformed annotation starts nothing and names itself",
        arguments: [
            ("boreas.dev/duration", "2 seconds"), ("boreas.dev/duration", "-1s"), ("boreas.dev/exit-code", "300"),
            ("boreas.dev/exit-code", "one"),
        ])
    func malformed(_ name: String, _ value: String) throws {
        let plan = try plan(["sleep", "9"], [name: value])
        #expect(plan.exitCode == 128)
        #expect(plan.refusal?.contains(name) == true)
        #expect(plan.refusal?.contains("\"\(value)\"") == true)
    }

    @Test("a container without a command ends at once, and stands for a server where it would be restarted for ever")
    func imageOnly() throws {
        #expect(try plan([]).duration == .zero)
        #expect(try plan([]).exitCode == 0)
        #expect(try plan([], always: true).duration == nil)
        #expect(try plan([], ["boreas.dev/duration": "1s"], always: true).duration == .seconds(1))
    }
}
