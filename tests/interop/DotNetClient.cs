// Asks a running demo as .NET clients do: messages by the real DataContractSerializer, sent by HttpWebRequest, which
// waits for 100 Continue. usage: DotNetClient.exe BASE_URL; prints one JSON object, what each call gave.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;

namespace Spirit {
  static class Ns {
    public const string Types = "http://schemas.servicestack.net/types";
    public const string Messages = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions";
    public const string Models = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.DomainModel.Sessions";
    public const string Api = "http://schemas.datacontract.org/2004/07/ApiModels";
    public const string ApiDot = "http://schemas.datacontract.org/2004/07/Api.Models";
  }

  [DataContract(Namespace = Ns.Types)] public class ServerRequest {
    [DataMember] public string DeviceSerialNumber { get; set; }
    [DataMember] public DateTime GeneratedAt { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class SessionRequest : ServerRequest {
    [DataMember] public Guid SessionUid { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class PagedRequest : SessionRequest {
    [DataMember] public int PageRequestIndex { get; set; }
    [DataMember] public int RecordsPerPage { get; set; }
  }
  [DataContract(Namespace = Ns.Messages)] public class UserClientSessionLogRequest : PagedRequest {
    [DataMember] public string ClientReferUid { get; set; }
    [DataMember] public bool OpenSessionsOnly { get; set; }
    [DataMember] public DateTime StartedAfter { get; set; }
    [DataMember] public DateTime StartedBefore { get; set; }
    [DataMember] public Guid UserReferUid { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public enum Result { [EnumMember] Unknown, [EnumMember] Success, [EnumMember] Failure }
  [DataContract(Namespace = Ns.Types)] public enum ErrorCode { [EnumMember] ClientDataSubmissionFailure }
  [DataContract(Namespace = Ns.Types)] public class ServerErrorDetails {
    [DataMember] public List<string> AdditionalMessages { get; set; }
    [DataMember] public ErrorCode Code { get; set; }
    [DataMember] public string Description { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class ServerResponse {
    [DataMember] public DateTime ProcessedAt { get; set; }
    [DataMember] public Result Result { get; set; }
    [DataMember] public string Server { get; set; }
    [DataMember] public ServerErrorDetails ServerErrorDetails { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class PagedResponse : ServerResponse {
    [DataMember] public int PageIndex { get; set; }
    [DataMember] public int RecordsPerPage { get; set; }
    [DataMember] public int TotalPageCount { get; set; }
  }
  [DataContract(Namespace = Ns.Models)] public class UserClientSessionLog {
    [DataMember] public string ClientReferUid { get; set; }
    [DataMember] public Guid ReferUid { get; set; }
    [DataMember] public DateTime SessionEnd { get; set; }
    [DataMember] public DateTime SessionStart { get; set; }
    [DataMember] public string User { get; set; }
    [DataMember] public Guid UserReferUid { get; set; }
  }
  [DataContract(Namespace = Ns.Messages)] public class UserClientSessionLogResponse : PagedResponse {
    [DataMember] public List<UserClientSessionLog> LogEntries { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class ErrorResponse {
    [DataMember] public ResponseStatus ResponseStatus { get; set; }
  }
  [DataContract(Namespace = Ns.Types)] public class ResponseStatus {
    [DataMember(Order = 1)] public string ErrorCode { get; set; }
    [DataMember(Order = 2)] public string Message { get; set; }
  }

  [DataContract(Namespace = Ns.ApiDot)] public class AuthenticationModel {
    [DataMember] public string Id { get; set; }
    [DataMember] public string Key { get; set; }
  }
  [DataContract(Namespace = Ns.ApiDot)] public class MessageModel {
    [DataMember] public string Code { get; set; }
    [DataMember] public string Description { get; set; }
  }
  [DataContract(Namespace = Ns.Api)] public class ApplicationUsed {
    [DataMember] public string Duration { get; set; }
    [DataMember] public string Name { get; set; }
    [DataMember] public string SoftwareVersion { get; set; }
  }
  [DataContract(Namespace = Ns.Api)] public class SessionEndRequestModel {
    [DataMember] public List<ApplicationUsed> ApplicationsUsed { get; set; }
    [DataMember] public string CurrentDate { get; set; }
    [DataMember] public string Email { get; set; }
    [DataMember] public string Index { get; set; }
  }
  [DataContract(Namespace = Ns.Api)] public class SessionEndBindingModel {
    [DataMember] public AuthenticationModel Authentication { get; set; }
    [DataMember] public SessionEndRequestModel Request { get; set; }
  }
  [DataContract(Namespace = Ns.Api)] public class ContactsOutgoingModel {
    [DataMember] public MessageModel Message { get; set; }
  }

  static class Program {
    static string root;

    // As ServiceStack's XmlServiceClient writes: no declaration, and a byte order mark before the root.
    static byte[] Written<T>(T message) {
      using (var stream = new MemoryStream()) {
        using (var writer = new XmlTextWriter(stream, Encoding.UTF8))
          new DataContractSerializer(typeof(T)).WriteObject(writer, message);
        return stream.ToArray();
      }
    }

    static T Read<T>(WebResponse response) {
      using (var stream = response.GetResponseStream())
        return (T) new DataContractSerializer(typeof(T)).ReadObject(stream);
    }

    static WebResponse Post(string path, byte[] body) {
      var request = (HttpWebRequest) WebRequest.Create(root + path);
      request.Method = "POST";
      request.Proxy = null;
      request.Accept = request.ContentType = "application/xml";
      request.AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate;
      request.ServicePoint.Expect100Continue = true;
      request.ContentLength = body.Length;
      using (var stream = request.GetRequestStream()) stream.Write(body, 0, body.Length);
      return request.GetResponse();
    }

    static UserClientSessionLogResponse Ask(UserClientSessionLogRequest wanted, string path) {
      return Read<UserClientSessionLogResponse>(Post(path, Written(wanted)));
    }

    static string Quoted(string text) {
      return text == null ? "null" : "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
    }

    static string When(DateTime time) {
      return Quoted((time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time).ToString("yyyy-MM-dd'T'HH:mm:ss"));
    }

    static string Listed(IEnumerable<string> items) { return "[" + string.Join(",", items) + "]"; }

    static string Rows(UserClientSessionLogResponse answer) {
      return Listed(answer.LogEntries.Select(one => Listed(new[] {
        Quoted(one.User), Quoted(one.ClientReferUid), When(one.SessionStart), When(one.SessionEnd),
        Quoted(one.UserReferUid.ToString()) })));
    }

    static string Refusal(string path, byte[] body) {
      try {
        return Quoted("" + Post(path, body));
      } catch (WebException refused) {
        var response = (HttpWebResponse) refused.Response;
        var status = Read<ErrorResponse>(response).ResponseStatus;
        return Listed(new[] { "" + (int) response.StatusCode, Quoted(response.StatusDescription), Quoted(status.ErrorCode) });
      }
    }

    static string End(string key) {
      var ended = new SessionEndBindingModel {
        Authentication = new AuthenticationModel { Id = "170200123", Key = key },
        Request = new SessionEndRequestModel {
          Email = "dotnet@newmedia.com", CurrentDate = "2025-12-05 08:00:00", Index = "284",
          ApplicationsUsed = new List<ApplicationUsed> {
            new ApplicationUsed { Name = "Renderman", Duration = "06:45:47", SoftwareVersion = "2025" } } } };
      var said = Read<ContactsOutgoingModel>(Post("/api/v1/workstation/session/end", Written(ended))).Message;
      return Listed(new[] { Quoted(said.Code), Quoted(said.Description) });
    }

    static void Main(string[] words) {
      root = words[0];
      const string old = "/xml/syncreply/UserClientSessionLogRequest", newer = "/xml/reply/UserClientSessionLogRequest";
      var driver = new UserClientSessionLogRequest { UserReferUid = new Guid("7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f") };
      var device = new UserClientSessionLogRequest { ClientReferUid = "device-01", RecordsPerPage = 5 };
      var recent = new UserClientSessionLogRequest {
        StartedAfter = new DateTime(2019, 1, 1), StartedBefore = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc) };
      var stranger = Ask(new UserClientSessionLogRequest { SessionUid = Guid.NewGuid() }, newer);
      var page = Ask(new UserClientSessionLogRequest { RecordsPerPage = 1, PageRequestIndex = 1 }, newer);
      var answers = new Dictionary<string, string> {
        { "end", End("467512342123") },
        { "wrong_key", End("1") },
        { "all", Rows(Ask(new UserClientSessionLogRequest(), newer)) },
        { "post", Rows(Ask(device, old)) },
        { "route", Rows(Ask(driver, "/userclientsession/log")) },
        { "oneway", Rows(Ask(driver, "/xml/asynconeway/UserClientSessionLogRequest")) },
        { "started", Rows(Ask(recent, newer)) },
        { "page", Listed(new[] { "" + page.PageIndex, "" + page.RecordsPerPage, "" + page.LogEntries.Count }) },
        { "stranger", Listed(new[] { Quoted("" + stranger.Result), Quoted("" + stranger.ServerErrorDetails.Code) }) },
        { "error", Refusal(newer, Encoding.UTF8.GetBytes("<UserClientSessionLogRequest/>")) },
        { "unknown", Refusal("/xml/reply/Nope", Written(device)) },
      };
      Console.WriteLine("{" + string.Join(",", answers.Select(pair => Quoted(pair.Key) + ":" + pair.Value)) + "}");
    }
  }
}
