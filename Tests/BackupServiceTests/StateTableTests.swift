// SPDX-License-Identifier: Apache-2.0

// The words that each interface has for the states, and for refusals, against tables written down here.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("words of the interfaces")
struct StateTableTests {
  /// State, then Trove, RDS and GaussDB, PlanetScale, PMM.
  static let states: [(BackupState, String, String, String, String)] = [
    (.queued, "NEW", "BUILDING", "pending", "PENDING"),
    (.running, "BUILDING", "BUILDING", "running", "IN_PROGRESS"),
    (.waiting, "BUILDING", "BUILDING", "running", "PAUSED"),
    (.complete, "COMPLETED", "COMPLETED", "success", "SUCCESS"),
    (.failed, "FAILED", "FAILED", "failed", "ERROR"),
    (.canceled, "FAILED", "FAILED", "canceled", "ERROR"),
    (.skipped, "FAILED", "FAILED", "ignored", "ERROR"),
    (.deleting, "DELETING", "DELETING", "success", "DELETING"),
    (.deleteFailed, "DELETE_FAILED", "FAILED", "failed", "FAILED_TO_DELETE"),
  ]

  @Test("each state has its word in each interface")
  func words() {
    #expect(Set(Self.states.map(\.0)) == Set(BackupState.allCases))
    for (state, trove, huawei, planetScale, pmm) in Self.states {
      #expect(TroveDialect.states[state] == trove)
      #expect(HuaweiBackups.states[state] == huawei)
      #expect(PlanetScaleDialect.states[state] == planetScale)
      #expect(PMMDialect.states[state] == pmm)
    }
  }

  /// Refusal, then the status in Trove, RDS, PlanetScale, PMM, and PMM's code.
  static let refusals: [(ServiceFault.Kind, Int, Int, Int, Int, UInt64)] = [
    (.malformed, 400, 400, 400, 400, 3), (.badValue, 400, 400, 422, 400, 3), (.unprocessable, 422, 409, 422, 400, 9),
    (.unauthorized, 401, 401, 401, 401, 16), (.forbidden, 403, 403, 403, 403, 7), (.notFound, 404, 404, 404, 404, 5),
    (.methodNotAllowed, 405, 405, 405, 405, 12), (.conflict, 422, 409, 422, 409, 6), (.busy, 422, 409, 422, 400, 9),
    (.tooLarge, 413, 413, 413, 413, 3), (.compression, 422, 400, 422, 400, 3), (.overloaded, 503, 429, 429, 429, 8),
    (.notImplemented, 501, 501, 501, 501, 12), (.failure, 500, 500, 500, 500, 13),
  ]

  @Test("each refusal has its status and its body in each interface")
  func faults() throws {
    #expect(Set(Self.refusals.map(\.0)) == Set(ServiceFault.Kind.allCases))
    for (kind, trove, huawei, planetScale, pmm, code) in Self.refusals {
      let fault = ServiceFault(kind, "why \"so\"")
      let answers = [TroveDialect().response(to: fault), RDSDialect().response(to: fault)].map(Answer.init)
      #expect(answers.map(\.status) == [trove, huawei])
      #expect(answers.allSatisfy { $0.field("Content-Type") == "application/json" })
      guard case .object(let members) = answers[0].json, let inside = members.first?.value else {
        Issue.record("Trove's body is no object")
        continue
      }
      #expect(members.count == 1)
      #expect(inside["code"]?.unsigned == UInt64(trove) && inside["message"]?.text == "why \"so\"")
      #expect(answers[1].json["error_code"]?.text?.hasPrefix("DBS.200") == true)
      #expect(answers[1].json["error_msg"]?.text == "why \"so\"")
      let scale = Answer(PlanetScaleDialect().response(to: fault))
      #expect(scale.status == planetScale)
      #expect(scale.json["code"]?.text?.isEmpty == false && scale.json["message"]?.text == "why \"so\"")
      let percona = Answer(PMMDialect().response(to: fault))
      #expect(percona.status == pmm)
      #expect(percona.json["code"]?.unsigned == code && percona.json["error"]?.text == percona.json["message"]?.text)
      let details = percona.json["details"]?.elements ?? []
      #expect(
        details.compactMap { $0["code"]?.text } == (kind == .compression ? ["ERROR_CODE_INVALID_COMPRESSION"] : []))
    }
  }

  @Test(
    "Trove names the fault in the one key of its bodies",
    arguments: [
      (ServiceFault.Kind.badValue, "badRequest"), (.unauthorized, "unauthorized"), (.forbidden, "forbidden"),
      (.notFound, "itemNotFound"), (.methodNotAllowed, "badMethod"), (.tooLarge, "overLimit"),
      (.busy, "unprocessableEntity"), (.failure, "instanceFault"), (.notImplemented, "notImplemented"),
      (.overloaded, "serviceUnavailable"),
    ])
  func troveKeys(_ kind: ServiceFault.Kind, _ key: String) {
    #expect(Answer(TroveDialect().response(to: ServiceFault(kind, ""))).json.has(key))
  }
}
