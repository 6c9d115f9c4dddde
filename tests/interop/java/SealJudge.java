import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.RevocationWrapper;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;

/**
 * EU DSS, with its own policy, on sealed documents: offline, so by what the files themselves hold.
 *
 * Arguments: the root certificate, days ahead at which to judge ("0,90", with CRL files behind colons), files.
 * Answers one line a finding: file, days ahead, what it is, what it says; separated by tabs.
 */
public class SealJudge {
    public static void main(String[] arguments) throws Exception {
        // "days" or "days:list.crl:list.crl": what somebody with a network would have fetched.
        String[] given = arguments[1].split(":");
        InputStream[] streams = new InputStream[given.length - 1];
        for (int each = 1; each < given.length; each++) {
            streams[each - 1] = new FileInputStream(given[each]);
        }
        ExternalResourcesCRLSource lists = streams.length == 0 ? null : new ExternalResourcesCRLSource(streams);
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        trusted.addCertificate(DSSUtils.loadCertificate(new File(arguments[0])));
        for (int each = 2; each < arguments.length; each++) {
            for (String days : given[0].split(",")) {
                judge(new File(arguments[each]), Integer.parseInt(days), trusted, lists);
            }
        }
    }

    private static void judge(
            File file, int days, CommonTrustedCertificateSource trusted, ExternalResourcesCRLSource lists) {
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        // Nothing is fetched: no issuer's certificate, no CRL but those given, no OCSP answer.
        verifier.setAIASource(null);
        verifier.setCrlSource(lists);
        verifier.setOcspSource(null);
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file));
        validator.setCertificateVerifier(verifier);
        validator.setValidationTime(Date.from(Instant.now().plus(Duration.ofDays(days))));
        report(file.getName() + "\t" + days + "\t", validator.validateDocument());
    }

    private static void report(String prefix, Reports reports) {
        SimpleReport simple = reports.getSimpleReport();
        say(prefix, "signatures", String.valueOf(simple.getSignaturesCount()));
        for (String id : simple.getSignatureIdList()) {
            say(prefix, "level", String.valueOf(simple.getSignatureFormat(id)));
            say(prefix, "indication", String.valueOf(simple.getIndication(id)));
            say(prefix, "sub-indication", String.valueOf(simple.getSubIndication(id)));
            say(prefix, "error", simple.getAdESValidationErrors(id));
            say(prefix, "warning", simple.getAdESValidationWarnings(id));
            say(prefix, "information", simple.getAdESValidationInfo(id));
            say(prefix, "qualification", simple.getQualificationErrors(id));
            say(prefix, "qualification", simple.getQualificationWarnings(id));
        }
        DiagnosticData data = reports.getDiagnosticData();
        for (RevocationWrapper revocation : data.getAllRevocationData()) {
            say(prefix, "revocation", revocation.getRevocationType() + " from " + revocation.getOrigin());
        }
    }

    private static void say(String prefix, String what, List<Message> messages) {
        for (Message message : messages) {
            say(prefix, what, message.getValue());
        }
    }

    private static void say(String prefix, String what, String says) {
        System.out.println(prefix + what + "\t" + says.replaceAll("\\s+", " "));
    }
}
