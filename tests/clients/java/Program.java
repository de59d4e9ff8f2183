// Uses the client that openapi-generator has made: creates and finds a member, imports a file, reads the outcome.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ImportsApi;
import org.openapitools.client.api.MembersApi;
import org.openapitools.client.model.AccountMember;
import org.openapitools.client.model.ErrorCode;
import org.openapitools.client.model.ImportJob;
import org.openapitools.client.model.Member;
import org.openapitools.client.model.NewBatch;
import org.openapitools.client.model.NewImport;
import org.openapitools.client.model.NewMember;
import org.openapitools.client.model.PendingImport;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.UpsertedMember;

public class Program {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> given = System.getenv();
    String account = given.get("ACCOUNT");
    ApiClient client = new ApiClient();
    client.updateBaseUri(given.get("URL"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + given.get("TOKEN")));
    MembersApi members = new MembersApi(client);
    ImportsApi imports = new ImportsApi(client);
    ObjectMapper json = client.getObjectMapper();

    NewMember ralph = new NewMember().accountId(account).clientMemberId("42");
    ralph.firstName("Ralph").lastName("Mouse").phoneNumber("(323) 555-1234");
    Member created = members.createMember(ralph, null);
    ErrorCode taken = null;
    try {
      members.createMember(ralph, null);
    } catch (ApiException error) {
      taken = json.readValue(error.getResponseBody(), Problem.class).getCode();
    }
    AccountMember same = new AccountMember().firstName("Ralph").lastName("Mouse").phoneNumber("(323) 555-1234");
    Member kept = members.putAccountMember(account, "42", same, null, null);
    List<Boolean> found = members.findMembers(null, account, null, null, null, null, null, null, null, null, null).getItems().stream()
        .map(member -> member.getId().equals(created.getId())).toList();

    UpsertedMember ann = new UpsertedMember().accountId(account).clientMemberId("43");
    ann.firstName("Ann").lastName("Lee").phoneNumber("(323) 555-4343");
    UpsertedMember wrong = new UpsertedMember().accountId(account).clientMemberId("44").phoneNumber("12");
    NewBatch both = new NewBatch().mode(NewBatch.ModeEnum.UPSERT).members(List.of(ann, wrong));
    List<Integer> batch =
        members.writeMembers(both, null).getItems().stream().map(item -> item.getStatus()).toList();

    NewImport roster = new NewImport().filename("roster.csv").accountId(account);
    PendingImport pending =
        imports.startImport(roster, null, null, null, null, null, null, null, null, null, null, null, null);
    HttpRequest upload = HttpRequest.newBuilder(URI.create(pending.getUpload().getUrl()))
        .PUT(HttpRequest.BodyPublishers.ofString(given.get("ROSTER"))).build();
    HttpClient.newHttpClient().send(upload, HttpResponse.BodyHandlers.ofString());
    ImportJob job = ended(imports, pending.getId());
    List<List<Object>> rejected = imports.listRejected(job.getId(), null, null, null).getItems().stream()
        .map(row -> List.<Object>of(row.getLine(), row.getCode())).toList();

    Map<String, Object> outcome = new LinkedHashMap<>();
    outcome.put("phone_number", created.getPhoneNumber());
    outcome.put("taken", taken);
    outcome.put("version", kept.getVersion());
    outcome.put("found", found);
    outcome.put("batch", batch);
    outcome.put("status", job.getStatus());
    outcome.put("created", job.getCounts().getCreated());
    outcome.put("rejected", rejected);
    outcome.put("codes", imports.getReport(job.getId()).getCodes());
    System.out.println(json.writeValueAsString(outcome));
  }

  /** Returns an import when it has ended. */
  private static ImportJob ended(ImportsApi imports, String id) throws Exception {
    ImportJob job = imports.getImport(id, 20, null);
    while (job.getFinishedAt() == null) {
      job = imports.getImport(id, 20, null);
    }
    return job;
  }
}
