// Asks a running demo as ServiceStack's Soap11ServiceClient and Soap12ServiceClient do: WCF, any message in and out, the
// action being the message's name. usage: WcfClient.exe BASE_URL; prints one JSON object, what each call gave.
using System;
using System.Linq;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Xml;

[ServiceContract(Namespace = "http://services.servicestack.net/")]
public interface ISyncReply {
  [OperationContract(Action = "*", ReplyAction = "*")] Message Send(Message request);
}

[DataContract(Namespace = "http://schemas.servicestack.net/types")]
public class SessionRequest {
  [DataMember] public Guid SessionUid { get; set; }
}

[DataContract(Namespace = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions")]
public class UserClientSessionLogRequest : SessionRequest {
  [DataMember(EmitDefaultValue = false)] public string ClientReferUid { get; set; }
  [DataMember] public bool OpenSessionsOnly { get; set; }
}

static class Program {
  static XmlElement Ask(Binding binding, MessageVersion version, string address, object request) {
    var factory = new ChannelFactory<ISyncReply>(binding, new EndpointAddress(address));
    var channel = factory.CreateChannel();
    var body = new XmlDocument();
    using (var answer = channel.Send(Message.CreateMessage(version, request.GetType().Name, request)))
      body.LoadXml(answer.GetReaderAtBodyContents().ReadOuterXml());
    return body.DocumentElement;
  }

  static string Told(XmlElement answer) {
    var values = new[] { "Result", "ClientReferUid", "SessionStart", "SessionEnd", "Code" }
      .SelectMany(name => answer.GetElementsByTagName(name, "*").Cast<XmlElement>()).Select(one => one.InnerText);
    return "[" + string.Join(",", new[] { answer.LocalName }.Concat(values).Select(one => "\"" + one + "\"")) + "]";
  }

  static void Main(string[] words) {
    var known = new UserClientSessionLogRequest { ClientReferUid = "device-01" };
    Binding soap11 = new BasicHttpBinding { UseDefaultWebProxy = false };
    Binding soap12 = new WSHttpBinding(SecurityMode.None) { UseDefaultWebProxy = false };
    var wsa = MessageVersion.Soap12WSAddressing10;
    var stranger = new UserClientSessionLogRequest { SessionUid = Guid.NewGuid() };
    Console.WriteLine("{" + string.Join(",", new[] {
      "\"soap11\":" + Told(Ask(soap11, MessageVersion.Soap11, words[0] + "/Soap11", known)),
      "\"soap12\":" + Told(Ask(soap12, wsa, words[0] + "/Soap12", known)),
      "\"stranger\":" + Told(Ask(soap11, MessageVersion.Soap11, words[0] + "/Soap11", stranger)),
    }) + "}");
  }
}
