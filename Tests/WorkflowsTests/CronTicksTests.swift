import Kubernetes
import Testing
import Workflows

struct CronTicksTests {
    private let span = CronFixtures.time(1)..<CronFixtures.time(300)

    private func sighting(_ tick: Int, uid: String = "a", created: Int? = nil, finished: Int? = nil)
        -> CronTicks.Sighting
    {
        CronTicks.Sighting(
            name: CronNames.workflowName(cron: "nightly", tick: CronFixtures.time(tick)), uid: uid,
            scheduledTime: CronFixtures.time(tick), created: CronFixtures.time(created ?? tick),
            finished: finished.map(CronFixtures.time))
    }

    @Test("a workflow for every tick is as it should be")
    func clean() throws {
        let findings = try CronTicks.audit(
            CronFixtures.cron(), span: span, workflows: [60, 120, 180, 240].map { sighting($0) })
        #expect(findings.isClean)
    }

    @Test("ticks without a workflow are missed, and those of the span's end are not looked for")
    func missed() throws {
        let findings = try CronTicks.audit(
            CronFixtures.cron(), span: span, workflows: [sighting(60), sighting(240), sighting(300)])
        #expect(findings.missed == [120, 180].map(CronFixtures.time))
        #expect(findings.duplicated.isEmpty)
    }

    @Test("two workflows of a tick are one too many, also where one is gone and they share a name")
    func duplicated() throws {
        let workflows = [60, 120, 180, 240].map { sighting($0) } + [sighting(120, uid: "b"), sighting(60)]
        let findings = try CronTicks.audit(CronFixtures.cron(), span: span, workflows: workflows)
        let name = CronNames.workflowName(cron: "nightly", tick: CronFixtures.time(120))
        #expect(findings.duplicated == [CronFixtures.time(120): [name, name]])
        #expect(findings.missed.isEmpty)
    }

    @Test("a tick of a suspension is no miss, nor is one that Forbid skips")
    func excused() throws {
        let suspension = CronFixtures.time(100)..<CronFixtures.time(130)
        let findings = try CronTicks.audit(
            CronFixtures.cron(), span: span, workflows: [sighting(60), sighting(240)], suspended: [suspension])
        #expect(findings.missed == [CronFixtures.time(180)])
        #expect(try CronTicks.audit(CronFixtures.cron("x", ["suspend": true]), span: span, workflows: []).isClean)

        let forbidding = CronFixtures.cron("nightly", ["concurrencyPolicy": "Forbid"])
        let long = [sighting(60, created: 61, finished: 190), sighting(240, finished: 250)]
        #expect(try CronTicks.audit(forbidding, span: span, workflows: long).isClean)
        let short = [sighting(60, created: 61, finished: 170), sighting(240, finished: 250)]
        #expect(try CronTicks.audit(forbidding, span: span, workflows: short).missed == [CronFixtures.time(180)])
        let slack = try CronTicks.audit(forbidding, span: span, workflows: short, slack: .seconds(15))
        #expect(slack.isClean)
        // Where runs may go side by side, a long one excuses nothing.
        #expect(try CronTicks.audit(CronFixtures.cron(), span: span, workflows: long).missed.count == 2)
    }

    @Test("with a condition nothing is missed, and duplicates still are found")
    func conditional() throws {
        let cron = CronFixtures.cron("nightly", ["when": "false"])
        let findings = try CronTicks.audit(cron, span: span, workflows: [sighting(60), sighting(60, uid: "b")])
        #expect(findings.missed.isEmpty)
        #expect(findings.duplicated.count == 1)
    }

    @Test("what a workflow itself tells of its tick is read")
    func workflow() {
        let workflow = CronFixtures.workflow(
            of: CronFixtures.cron(), at: CronFixtures.time(60), .succeeded, finished: CronFixtures.time(90))
        let sighting = CronTicks.Sighting(workflow, created: CronFixtures.time(61))
        #expect(sighting.scheduledTime == CronFixtures.time(60))
        #expect(sighting.created == CronFixtures.time(61))
        #expect(sighting.finished == CronFixtures.time(90))
    }
}
